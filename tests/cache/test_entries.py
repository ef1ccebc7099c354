"""What both exact tiers promise, the one in process and the one on a Redis server."""

from dataclasses import replace

import numpy as np

from citeward.cache.entry import Entries
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope
from citeward.contracts.citation import Citation, Label
from citeward.contracts.routing import Route

SCOPE = Scope(tenant="t", groups=("staff",), agent="a", version="1/7")
ANSWER = Answer(
    text="It is 4. [1]",
    outcome=Outcome.ANSWERED,
    citations=(
        Citation(
            start=0, end=12, passage_id="p#0", document_id="p", source="p.md", quote="it is 4", quote_start=3,
            quote_end=10, label=Label.SUPPORTED, score=0.9, marker=1, line=2,
        ),
    ),
    route=Route(tier="small", model="m", fallbacks=("n",), reason="easy", scores={"difficulty": 0.2}),
)  # fmt: skip
FOUND = replace(ANSWER, cached=True, cache="exact")


def axis(place: int, *, tilt: float = 0.0) -> np.ndarray:
    vector = np.zeros(4, np.float32)
    vector[place], vector[(place + 1) % 4] = np.cos(tilt), np.sin(tilt)
    return vector


async def test_the_same_words_get_the_same_answer_to_the_letter(entries: Entries) -> None:
    await entries.put("How much is it?", ANSWER, SCOPE)
    assert await entries.get("  how much IS it ", SCOPE) == FOUND
    assert await entries.get("How much was it?", SCOPE) is None


async def test_no_answer_crosses_scopes(entries: Entries) -> None:
    await entries.keep("q", ANSWER, SCOPE, vector=axis(0))
    others = [
        replace(SCOPE, version="1/8"),
        replace(SCOPE, agent="b"),
        replace(SCOPE, tenant="other"),
        replace(SCOPE, groups=()),
        replace(SCOPE, groups=("staff", "board")),
    ]
    for other in others:
        assert await entries.get("q", other) is None
        assert await entries.near(axis(0), other, threshold=0.1, limit=5) == []


async def test_the_nearest_questions_come_first_and_far_ones_not_at_all(entries: Entries) -> None:
    for name, vector in {"a": axis(0, tilt=0.3), "B": axis(0, tilt=0.1), "c": axis(2)}.items():
        await entries.keep(name, ANSWER, SCOPE, vector=vector)
    found = await entries.near(axis(0), SCOPE, threshold=0.5, limit=5)
    assert [near.question for near in found] == ["B", "a"]
    assert abs(found[0].similarity - np.cos(0.1)) < 1e-6
    assert len(await entries.near(axis(0), SCOPE, threshold=0.5, limit=1)) == 1


async def test_an_answer_without_a_vector_is_found_by_its_words_only(entries: Entries) -> None:
    await entries.put("q", ANSWER, SCOPE)
    assert await entries.get("q", SCOPE) == FOUND
    assert await entries.near(axis(0), SCOPE, threshold=-1, limit=5) == []


async def test_a_refusal_is_not_kept(entries: Entries) -> None:
    await entries.keep("q", replace(ANSWER, outcome=Outcome.REFUSED), SCOPE, vector=axis(0))
    assert await entries.get("q", SCOPE) is None
    assert await entries.near(axis(0), SCOPE, threshold=0, limit=5) == []


async def test_clearing_leaves_nothing(entries: Entries) -> None:
    for name in ("a", "b"):
        await entries.keep(name, ANSWER, SCOPE, vector=axis(0))
    assert await entries.clear() == 2
    assert await entries.get("a", SCOPE) is None
    assert await entries.near(axis(0), SCOPE, threshold=0, limit=5) == []
    await entries.keep("c", ANSWER, SCOPE, vector=axis(0))
    assert [near.question for near in await entries.near(axis(0), SCOPE, threshold=0, limit=5)] == ["c"]


async def test_text_of_any_script_comes_back(entries: Entries) -> None:
    strange = replace(ANSWER, text="Grüße \u2028 \x00 🤗 \u202e שלום")
    await entries.put("Wie heißt 你好\n?", strange, SCOPE)
    found = await entries.get("wie HEISST 你好", SCOPE)
    assert found is not None
    assert found.text == strange.text
