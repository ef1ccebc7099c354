import pytest

from citeward.models.extractive.evidence import Evidence, weigh
from citeward.models.extractive.floor import enough
from citeward.retrieval.embedding.minilm import MiniLM

HARBOUR = (
    "The harbour of Lund was dug in 1648. It took four hundred men nine years to finish the work. "
    "The harbour master lives in a red house beside the lock. Herring is landed every morning."
)
GUIDE = "## Installing\n\nYou need two things. Run `pip install it`.\n\n## Removing\n\nRun `pip uninstall it`."


def _best(evidence: Evidence, texts: list[str]) -> str:
    best = max(evidence.scored, key=lambda one: one.score)
    return best.unit.span.of(texts[best.passage])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the harbour dug?", "The harbour of Lund was dug in 1648."),
        ("How many men worked on the harbour?", "It took four hundred men nine years to finish the work."),
        ("Where does the master of the harbour live?", "The harbour master lives in a red house beside the lock."),
    ],
)
def test_words_and_the_kind_of_answer_find_the_sentence(question: str, answer: str) -> None:
    assert _best(weigh(question, [HARBOUR], None, None), [HARBOUR]) == answer


def test_a_heading_speaks_for_the_sentences_under_it() -> None:
    assert "uninstall" in _best(weigh("How do I remove it after installing?", [GUIDE], None, None), [GUIDE])


def test_an_example_of_asking_is_no_answer() -> None:
    text = '```bash\nask "When was the harbour dug?"\n```\n\nThe harbour was dug in 1648.'
    evidence = weigh("When was the harbour dug?", [text], None, None)
    assert [one.unit.span.of(text) for one in evidence.scored] == ["The harbour was dug in 1648."]


async def test_vectors_find_what_is_said_in_other_words() -> None:
    embedder = MiniLM()
    question = "At what time of day do the fishing boats bring in their catch?"
    (asked,) = await embedder.embed_tokens([question])
    vectors = await embedder.embed_tokens([HARBOUR])
    assert "Herring" in _best(weigh(question, [HARBOUR], vectors, asked), [HARBOUR])


async def test_what_the_passages_do_not_hold_stays_below_the_floor() -> None:
    embedder = MiniLM()
    for question, answered in (("When was the harbour of Lund dug?", True), ("What is the capital of Peru?", False)):
        (asked,) = await embedder.embed_tokens([question])
        vectors = await embedder.embed_tokens([HARBOUR])
        assert enough(weigh(question, [HARBOUR], vectors, asked), by_words=False) is answered
        assert enough(weigh(question, [HARBOUR], None, None), by_words=True) is answered


def test_nothing_to_read_is_not_enough() -> None:
    for texts in ([], [""], ["# Only a heading\n"]):
        assert not enough(weigh("When was it dug?", texts, None, None), by_words=True)
        assert weigh("", texts, None, None).scored == ()
