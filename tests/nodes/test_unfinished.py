"""One text a turn: however many model calls write it, the guards and the citations read what the sink shows."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.citations.stream import Citer
from citeward.contracts.event import Event, ReasoningDelta, TextDelta
from citeward.contracts.guardrail import Finding, Outgoing, Verdict
from citeward.contracts.model import Delta
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.guardrails.build import build_rails
from citeward.guardrails.policy import Rails
from citeward.guardrails.stream import Progress, Release
from citeward.guardrails.table import Policy
from citeward.guardrails.vault import Vault
from citeward.nodes.speech import Speech
from citeward.nodes.unfinished import Unfinished
from citeward.nodes.utterance import Utterance
from citeward.testing.suites.stream_guard import pieces, texts

DOCUMENT = "The lock opens at seven. Its keeper is paid on Fridays. Boats pay two crowns."
PASSAGE = Passage(id="d#0", document_id="d", text=DOCUMENT, start=0, end=len(DOCUMENT), source="d.md")
KEY = "sk-Harbour_7Kq42-xYz"
PROMPT = "You keep the books of the lock and answer its captains from the passages below, briefly and kindly."
SPANS = {
    "e-mail": "grace.hopper@navy-yard.org",
    "card": "4111 1111 1111 1111",
    "key": "ghp_" + "a1B2" * 9,
    "long key": "ghp_" + "a1B2" * 120,
    "link": "[here](https://evil.io/?q=lock)",
    "image": "![x](https://evil.io/p.png)",
    "address": "https://evil.io/a/very/long/way?to=go",
    "prompt": PROMPT,
    "secret": KEY,
    "spaced secret": " - ".join(KEY),
}
SAID = [
    *SPANS.values(),
    "<EMAIL_1>",
    "The lock opens at seven. [1]",
    "Boats pay two crowns [1]. ",
    "The sky is full of fish today. [1] ",
    "```\ncode [1](https://evil.io)\n```\n",
]
RAILS = build_rails(secrets=[KEY])
STRICT = build_rails(
    Policy.model_validate(
        {
            "version": 1,
            "guards": [
                {"name": name, "origins": {"model": {"block": 0.4}}}
                for name in ("secrets", "leakage", "pii", "links", "toxicity")
            ],
        }
    ),
    secrets=[KEY],
)
OUTGOING = Outgoing(prompt=PROMPT, passages=(DOCUMENT,))
asyncio.run(RAILS.warm())
asyncio.run(STRICT.warm())


async def _stored(_: str) -> str:
    return DOCUMENT


class Turn:
    """What a sink is shown of a turn of several model calls."""

    def __init__(self, rails: Rails = RAILS, *, drop: bool = False) -> None:
        self.rails, self.drop = rails, drop
        self.events: list[Event] = []
        self.verdicts: list[Verdict] = []
        self.citations: list[Any] = []
        self.draft = ""
        self.stopped = False
        self._kept = Unfinished().kept()

    async def call(self, deltas: Sequence[Delta], *, last: bool) -> None:
        """One model call; what goes on to the next one goes through a state's own form."""
        if self.stopped:
            return
        earlier = Unfinished.load(self._kept)
        vault = Vault.load({"<EMAIL_1>": "ada@example.org"})

        def release(progress: Progress) -> Release:
            return self.rails.stream(outgoing=OUTGOING, vault=vault, earlier=progress)

        def begin() -> Utterance:
            citer = Citer([PASSAGE], _stored, on_unsupported="drop" if self.drop else "flag", earlier=earlier.sentences)
            return Utterance(release(earlier.text), citer, self.events.append, base=len(self.draft))

        speech = Speech(
            begin=begin,
            think=release,
            thoughts=earlier.thoughts,
            tell=self.events.append,
            route=Route(tier="small", model="a", fallbacks=(), reason=""),
            models={},
            draft=self.draft,
        )
        for delta in deltas:
            if not speech.satisfied:
                await speech.take(delta)
        still = None if last or speech.satisfied else speech.pause()
        if still is None:
            await speech.close()
        else:
            self._kept = still.kept()
        self.stopped = still is None
        self.draft += speech.utterance.text
        self.verdicts += speech.verdicts
        self.citations += speech.utterance.citations

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def thoughts(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def findings(self) -> set[Finding]:
        return {finding for verdict in self.verdicts for finding in verdict.findings}


def _turn(calls: Sequence[Sequence[str]], *, thought: bool = False, **how: Any) -> Turn:
    async def run() -> Turn:
        turn = Turn(**how)
        for number, call in enumerate(calls, start=1):
            deltas = [Delta(reasoning=piece) if thought else Delta(text=piece) for piece in call]
            await turn.call(deltas, last=number == len(calls))
        return turn

    return asyncio.run(run())


@st.composite
def _calls(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    text = draw(texts(SAID))
    ends = draw(st.lists(st.integers(0, len(text)), max_size=3))
    edges = [0, *sorted(ends), len(text)]
    spoken = [text[a:b] for a, b in itertools.pairwise(edges)]
    return text, [pieces(one, draw(st.lists(st.integers(0, len(one)), max_size=6))) for one in spoken]


@pytest.mark.fuzz
@given(_calls())
def test_however_many_calls_write_it_the_sink_gets_what_the_guards_make_of_the_whole_text(
    said: tuple[str, list[list[str]]],
) -> None:
    text, calls = said
    whole, turn = _turn([[text]]), _turn(calls)
    assert turn.text == turn.draft == whole.text
    assert turn.citations == whole.citations
    assert turn.findings >= whole.findings
    for event in turn.events:
        assert not isinstance(event, ReasoningDelta)


@pytest.mark.fuzz
@given(_calls())
def test_sentences_that_are_not_supported_are_left_out_over_calls_as_in_one(said: tuple[str, list[list[str]]]) -> None:
    text, calls = said
    whole, turn = _turn([[text]], drop=True), _turn(calls, drop=True)
    assert turn.text == turn.draft == whole.text
    assert turn.citations == whole.citations


@pytest.mark.fuzz
@given(_calls())
def test_what_a_policy_blocks_ends_the_text_at_the_same_place(said: tuple[str, list[list[str]]]) -> None:
    text, calls = said
    whole, turn = _turn([[text]], rails=STRICT), _turn(calls, rails=STRICT)
    assert turn.text == turn.draft == whole.text
    assert bool(turn.findings) == bool(whole.findings)


@pytest.mark.fuzz
@given(_calls())
def test_what_models_think_is_one_text_of_its_own(said: tuple[str, list[list[str]]]) -> None:
    text, calls = said
    whole, turn = _turn([[text]], thought=True), _turn(calls, thought=True)
    assert turn.thoughts == whole.thoughts
    assert turn.text == ""


@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("thought", [False, True], ids=["text", "thought"])
def test_a_span_in_two_calls_is_found_wherever_it_is_cut(span: str, thought: bool) -> None:
    text = f"Write this: {span} now."
    whole = _turn([[text]], thought=thought)
    expected = whole.thoughts if thought else whole.text
    assert span not in expected
    for at in range(len(text) + 1) if len(span) < 200 else (12, 40, 255, 270, 300, 400, 480):
        turn = _turn([[text[:at]], [text[at:]]], thought=thought)
        assert (turn.thoughts if thought else turn.text) == expected


def test_only_what_may_yet_belong_to_something_waits_for_the_next_call() -> None:
    async def run(text: str) -> str:
        turn = Turn()
        await turn.call([Delta(text=text)], last=False)
        return turn.text

    assert asyncio.run(run("少々お待ちください。 ")) == "少々お待ちください。 "
    assert asyncio.run(run("Write to grace.hopper@na")) == "Write to "


def test_a_finding_is_told_once() -> None:
    turn = _turn([["Write to eve@example.net. I look it up. "], ["Nothing. "], ["The end."]])
    assert [(v.guard, len(v.findings)) for v in turn.verdicts] == [("pii", 1)]


def test_a_thought_that_text_follows_stands_before_it_and_what_completes_a_span_of_it_does_not_leave() -> None:
    async def run() -> Turn:
        turn = Turn()
        await turn.call([Delta(reasoning="Mail grace.hopper@na"), Delta(text="I look it up. ")], last=False)
        await turn.call([Delta(reasoning="vy-yard.org now"), Delta(text="Done.")], last=True)
        return turn

    turn = asyncio.run(run())
    assert turn.text == "I look it up. Done."
    assert turn.thoughts == "Mail grace.hopper@na[EMAIL] now"
    assert [event.type for event in turn.events][:2] == ["reasoning", "reasoning"]


def test_what_is_kept_shows_nothing_and_survives_its_own_form() -> None:
    unfinished = Unfinished(
        text=Progress(given=("Write to grace.hopper@na", "\ud83d"), released="Write to "), unreleased="grace"
    )
    assert Unfinished.load(unfinished.kept()) == unfinished
    assert "grace" not in repr(unfinished.kept()) + str(unfinished.kept())
    assert Unfinished.load(None) == Unfinished()


def test_where_a_block_of_code_begins_does_not_depend_on_where_the_text_is_cut() -> None:
    text = "The harbour opens at seven, ```\ncode [1]\n```, The harbour opens at seven, ```\ncode [1]\n```\n "
    whole = _turn([[text]])
    for at in range(len(text)):
        assert _turn([[text[:at], text[at:]]]).citations == whole.citations
        assert _turn([[text[:at]], [text[at:]]]).citations == whole.citations
