"""How events become LangServe's chunks."""

from collections.abc import AsyncGenerator

import orjson

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.event import Answered, Event, Restarted, Started, TextDelta
from citeward.serving.chunks import AGAIN, Chunks
from citeward.serving.langserve import _sent as framed


async def _sent(*events: Event) -> list[dict[str, object]]:
    async def run() -> AsyncGenerator[Event, None]:
        yield Started(run_id="r", thread_id="t", agent="a")
        for event in events:
            yield event

    blocks = [chunk.decode() async for chunk in framed(run(), Chunks(), metadata=True)]
    return [orjson.loads(block.split("data: ")[1]) for block in blocks if block.startswith("event: data")][1:]


async def test_text_adds_up_to_the_answer() -> None:
    answer = Answer(text="Seven.", outcome=Outcome.ANSWERED)
    chunks = await _sent(TextDelta(text="Sev"), TextDelta(text="en."), Answered(answer=answer))
    assert "".join(str(chunk.get("text", "")) for chunk in chunks) == "Seven."
    assert "final_text" not in chunks[-1]


async def test_an_answer_that_begins_again_says_so_and_is_told_whole_at_the_end() -> None:
    answer = Answer(text="Seven.", outcome=Outcome.ANSWERED)
    restarted = Restarted(model="b", reason="a failed (overloaded)")
    chunks = await _sent(TextDelta(text="Ei"), restarted, TextDelta(text="Seven."), Answered(answer=answer))
    assert "".join(str(chunk.get("text", "")) for chunk in chunks) == f"Ei{AGAIN}Seven."
    assert chunks[1]["events"] == [{"type": "restarted", "model": "b", "reason": "a failed (overloaded)"}]
    assert chunks[-1]["final_text"] == "Seven."
