"""What compared models are asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from citeward.contracts.context import fence
from citeward.contracts.model import Message, ModelRequest, Sampling
from citeward.contracts.retrieval import Passage
from citeward.errors import DataError
from citeward.evals.dataset import Line, read_jsonl
from citeward.prompts.template import Template


class Prompt(Line):
    """One prompt; with passages it is a question about them, as an agent asks it."""

    prompt: str = Field(min_length=1)
    passages: tuple[str, ...] = ()


DEFAULT = (
    Prompt(
        prompt="How long may a device be returned, and who pays for sending it back?",
        passages=(
            "Devices may be returned within 30 days of delivery. The seal of the software must be unbroken.",
            "We pay for sending a device back where it is faulty; otherwise the customer pays.",
            "The shop in the station is open from 8 to 20 on weekdays.",
        ),
    ),
    Prompt(
        prompt="What must be done before the pump is opened?",
        passages=(
            "Before the pump is opened, close valve B and wait until the gauge shows 0 bar.",
            "The pump's bearings are greased every 2,000 hours with grease of class NLGI 2.",
        ),
    ),
    Prompt(
        prompt="Which plan lets several people share a project?",
        passages=(
            "The plan Solo has one seat and keeps projects for a year.",
            "The plan Team has up to ten seats; its members share projects and billing.",
            "Invoices are sent on the first of each month.",
        ),
    ),
)
"""Asked where nothing else is given: questions about short passages, which every model can answer."""


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a file: JSON Lines of ``{prompt, passages?}`` where its name ends in .jsonl, else a prompt a line.

    Raises:
        DataError: It cannot be read, has no prompt, or has a line that is wrong; names file and line.
    """
    if path.suffix == ".jsonl":
        return read_jsonl(path, Prompt)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", hint="Name a text file in UTF-8.", path=str(path)) from error
    prompts = [Prompt(prompt=line.strip()) for line in lines if line.strip()]
    if not prompts:
        raise DataError("holds no prompt", hint="Write a prompt on each line.", path=str(path))
    return prompts


def to_requests(
    prompts: Sequence[Prompt], template: Template, *, max_tokens: int | None = None, timeout: float | None = None
) -> tuple[ModelRequest, ...]:
    """The requests that every model gets alike.

    A prompt with passages is sent as an agent sends it, so that the extractive model can read it too: the agent's
    prompt with the passages fenced in it, then the question. One without is sent as it is.

    Args:
        prompts: What to ask.
        template: The agent's prompt; its variable is `passages`.
        max_tokens: Longest answer.
        timeout: Seconds that one call may take.
    """
    return tuple(
        ModelRequest(
            messages=(
                *(template.render({"passages": fence(_passages(prompt))}) if prompt.passages else ()),
                Message(role="user", content=prompt.prompt),
            ),
            sampling=Sampling(max_tokens=max_tokens),
            timeout=timeout,
        )
        for prompt in prompts
    )


def _passages(prompt: Prompt) -> list[Passage]:
    return [
        Passage(id=f"p{place}", document_id=f"p{place}", text=text, start=0, end=len(text), source=f"passage-{place}")
        for place, text in enumerate(prompt.passages, 1)
    ]
