from citeward.guardrails.memory import Memory


def test_what_was_found_is_known_again_and_only_for_the_same_text():
    memory = Memory()
    memory.put("a text", 1)
    assert (memory.get("a text"), memory.get("a text ")) == (1, None)


def test_what_was_longest_not_asked_for_is_forgotten():
    memory = Memory(kept=2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert [memory.get(text) for text in ("a", "b", "c")] == [1, None, 3]


def test_half_a_surrogate_pair_is_a_text_too():
    memory = Memory()
    memory.put("\ud83d", 1)
    assert memory.get("\ud83d") == 1
