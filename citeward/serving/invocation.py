"""What LangServe's clients send."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

BATCH = 1_000
"""Inputs of one batch, at most."""


class Question(BaseModel):
    """What an agent is asked."""

    question: str = Field(description="the user's words")


class Configurable(BaseModel):
    """What a caller may set; anything else that LangChain's clients send is left alone."""

    thread_id: str | None = Field(None, max_length=200, pattern=r"^[\w.:-]+$", description="goes on with this thread")


class Config(BaseModel):
    """LangChain's run configuration, as far as it means something here."""

    configurable: Configurable = Configurable()
    tags: list[str] = Field([], max_length=100, description="stand in the events of `/stream_events`")
    metadata: dict[str, Any] = Field({}, description="stands in the events of `/stream_events`")
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

    include_names: list[str] | None = None
    include_types: list[str] | None = None
    include_tags: list[str] | None = None
    exclude_names: list[str] | None = None
    exclude_types: list[str] | None = None
    exclude_tags: list[str] | None = None


class BatchInvocation(BaseModel):
    """The body of `/batch`."""

    inputs: list[Question | str] = Field(max_length=BATCH)
    config: Config | list[Config] = Field(Config(), description="one for all, or one for each")


def words(given: Question | str) -> str:
    """The question, whichever way it was given."""
    return given if isinstance(given, str) else given.question
