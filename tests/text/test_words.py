from citeward.text.words import content_words, stem, words


def test_words_keep_numbers_whole() -> None:
    assert words("In 1,024 runs 2.5% failed; isn’t it B2B?") == [
        "in", "1,024", "runs", "2.5%", "failed", "isn't", "it", "b", "2", "b",
    ]  # fmt: skip


def test_forms_of_a_word_meet_in_one_stem() -> None:
    assert len({stem(w) for w in ("index", "indexes", "indexed", "indexing")}) == 1
    assert len({stem(w) for w in ("policy", "policies")}) == 1
    assert len({stem(w) for w in ("stop", "stopped", "stopping", "stops")}) == 1


def test_short_words_and_double_s_are_left_alone() -> None:
    assert [stem(w) for w in ("bus", "pass", "red", "Zürich")] == ["bus", "pass", "red", "Zürich"]


def test_stop_words_carry_no_meaning() -> None:
    assert content_words("What is the of and?") == []
