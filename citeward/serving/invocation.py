"""What LangServe's clients send."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import AfterValidator, BaseModel, Field

BATCH = 1_000
"""Inputs of one batch, at most."""
METADATA = 16_384
"""Bytes of a config's metadata as JSON, at most: every event of `/stream_events` repeats it."""


def _sendable(value: dict[str, Any]) -> dict[str, Any]:
    """Metadata that can be sent back. It is tried here, as a stream that has begun has no status left to refuse it."""
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:
        wide = "64-bit" in str(error)
        raise ValueError(
            "holds an integer of more than 64 bits" if wide else "holds text with half a character (a lone surrogate)"
        ) from None
    if size > METADATA:
        raise ValueError(f"has {size:,} bytes of JSON, and at most {METADATA:,} are taken")
    return value


Label: TypeAlias = Annotated[str, Field(max_length=200)]
"""A name or tag."""
Labels: TypeAlias = Annotated[list[Label], Field(max_length=100)]


class Question(BaseModel):
    """What an agent is asked."""

    question: str = Field(description="the user's words")


class Configurable(BaseModel):
    """What a caller may set; anything else that LangChain's clients send is left alone."""

    thread_id: str | None = Field(None, max_length=200, pattern=r"^[\w.:-]+$", description="goes on with this thread")


class Config(BaseModel):
    """LangChain's run configuration, as far as it means something here."""

    configurable: Configurable = Configurable()
    tags: Labels = Field([], description="stand in the events of `/stream_events`")
    metadata: Annotated[dict[str, Any], AfterValidator(_sendable)] = Field(
        {}, description=f"stands in the events of `/stream_events`; at most {METADATA:,} bytes of JSON"
    )
    max_concurrency: int | None = Field(None, ge=1, description="runs of a batch at a time; the server may allow fewer")


class Invocation(BaseModel):
    """The body of `/invoke`, `/stream` and `/stream_log`; a bare string is a question too."""

    input: Question | str
    config: Config = Config()

    @property
    def question(self) -> str:
        """The user's words."""
        return words(self.input)


class EventsInvocation(Invocation):
    """The body of `/stream_events`, with LangChain's filters: what any `include` names, less what an `exclude` does."""

    include_names: Labels | None = None
    include_types: Labels | None = None
    include_tags: Labels | None = None
    exclude_names: Labels | None = None
    exclude_types: Labels | None = None
    exclude_tags: Labels | None = None


class BatchInvocation(BaseModel):
    """The body of `/batch`."""

    inputs: list[Question | str] = Field(max_length=BATCH)
    config: Config | list[Config] = Field(Config(), description="one for all, or one for each")


def words(given: Question | str) -> str:
    """The question, whichever way it was given."""
    return given if isinstance(given, str) else given.question
