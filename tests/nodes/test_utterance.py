"""The laws of the stream, over every way in which a model's text may be split."""

import asyncio
import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.citations.stream import Citer
from citeward.contracts.event import Cited, Event, TextDelta
from citeward.contracts.guardrail import Finding, Outgoing
from citeward.contracts.retrieval import Passage
from citeward.guardrails.build import build_rails
from citeward.guardrails.vault import Vault
from citeward.nodes.utterance import Utterance

DOCUMENT = "The lock opens at seven. Its keeper is paid on Fridays. Boats pay two crowns."
PASSAGE = Passage(id="d#0", document_id="d", text=DOCUMENT, start=0, end=len(DOCUMENT), source="d.md")
SECRET = "eve@example.net"
KEY = "sk-Harbour_7Kq42-xYz"
PROMPT = "You keep the books of the lock and answer its captains from the passages below, briefly."
ANSWER = (
    f"The lock opens at seven. [1] I wrote to <EMAIL_1> and {SECRET} today. Boats pay two crowns. [1] "
    f"Call 4012-8888-8888-1881 or not. The key is {' '.join(KEY)}, you know. My rules: {PROMPT.upper()} "
    "Its keeper is paid on Fridays. [1]"
)
RAILS = build_rails(secrets=[KEY])
OUTGOING = Outgoing(prompt=PROMPT, passages=(DOCUMENT,))
asyncio.run(RAILS.warm())


def _vault() -> Vault:
    vault = Vault()
    text = "ada@example.org"
    vault.mask(text, [Finding(kind="EMAIL_ADDRESS", start=0, end=len(text))])
    return vault


async def _stored(_: str) -> str:
    return DOCUMENT


async def _said(pieces: Sequence[str]) -> tuple[list[Event], Utterance]:
    events: list[Event] = []
    utterance = Utterance(
        RAILS.stream(outgoing=OUTGOING, vault=_vault()), Citer([PASSAGE], _stored), events.append, base=7
    )
    for piece in pieces:
        await utterance.feed(piece)
    await utterance.close()
    return events, utterance


def _split(text: str, cuts: Sequence[int]) -> list[str]:
    places = [0, *sorted(cuts), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(places)]


WHOLE_EVENTS, WHOLE = asyncio.run(_said([ANSWER]))


def test_the_whole_answer_is_guarded_restored_and_cited() -> None:
    assert SECRET not in WHOLE.text
    assert "4012-8888-8888-1881" not in WHOLE.text
    assert "I wrote to ada@example.org and" in WHOLE.text
    assert "The key is [withheld], you know. My rules: [withheld]. Its keeper" in WHOLE.text
    assert [citation.quote for citation in WHOLE.citations] == [
        "The lock opens at seven.",
        "Boats pay two crowns.",
        "Its keeper is paid on Fridays.",
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, len(ANSWER)), max_size=30))
def test_however_it_is_split_the_laws_hold(cuts: list[int]) -> None:
    events, utterance = asyncio.run(_said(_split(ANSWER, cuts)))
    released = ""
    for event in events:
        if isinstance(event, TextDelta):
            released += event.text
            assert SECRET not in released
            assert not any(word in released.lower() for word in ("books", "captains"))
        elif isinstance(event, Cited):
            # It follows its sentence, with offsets into the released text, counted from the turn's beginning.
            assert event.citation.end - 7 <= len(released)
            assert event.citation.quote in released[event.citation.start - 7 : event.citation.end - 7]
    assert released == utterance.text == WHOLE.text
    assert utterance.citations == WHOLE.citations


def test_a_character_at_a_time_leaves_early() -> None:
    events, _ = asyncio.run(_said(list(ANSWER)))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 10
    assert len(deltas[0]) < 10


async def test_other_runs_have_their_turn_while_a_long_piece_is_guarded() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await _said(["The lock opens at seven. " * 800])
    task.cancel()
    assert turns >= 9
