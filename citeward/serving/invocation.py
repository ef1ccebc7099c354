"""What LangServe's clients send."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, Field

BATCH = 1_000
"""Inputs of one batch, at most."""
METADATA = 16_384
"""Bytes of a config's metadata as JSON, at most: every event of `/stream_events` repeats it."""


def _sendable(value: dict[str, Any]) -> dict[str, Any]:
    """Metadata that can be sent back. It is tried here, as a stream that has begun has no status left to refuse it."""
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        raise ValueError("holds text with half a character (a lone surrogate)") from None
    if size > METADATA:
        raise ValueError(f"has {size:,} bytes of JSON, and at most {METADATA:,} are taken")
    return value


Label: TypeAlias = Annotated[str, Field(max_length=200)]
"""A name or tag."""
Labels: TypeAlias = Annotated[list[Label], Field(max_length=100)]


Words: TypeAlias = Annotated[str, Field(json_schema_extra={"minLength": 1, "pattern": r"\S"})]
"""What the user says. A run refuses what is empty in words of its own; the schema says so to those who ask first."""


class Question(BaseModel):
    """What an agent is asked."""

    question: Words = Field(description="the user's words")


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

    input: Question | Words
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


class BatchQuestion(BaseModel):
    """One question of a batch. One that is empty is no mistake of the whole: it has its error in its own place."""

    question: str = Field(description="the user's words")


class BatchInvocation(BaseModel):
    """The body of `/batch`."""

    inputs: list[BatchQuestion | str] = Field(max_length=BATCH)
    config: Config | list[Config] = Field(Config(), description="one for all, or one for each")


def words(given: Question | BatchQuestion | str) -> str:
    """The question, whichever way it was given."""
    return given if isinstance(given, str) else given.question
