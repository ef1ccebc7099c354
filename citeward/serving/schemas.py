"""JSON schemas of what goes in and what comes out, for LangServe's clients and for forms."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from citeward.contracts.answer import Answer
from citeward.serving.invocation import Config, Question


@cache
def input_schema() -> dict[str, Any]:
    """Of `input`: an object with the question, or the question alone."""
    return TypeAdapter[Any](Question | str).json_schema() | {"title": "Input"}


@cache
def output_schema(ref: str = "#/$defs/{model}") -> dict[str, Any]:
    """Of `output`: the answer as the wire has it. A verdict's text never leaves the server, so it is not there.

    Args:
        ref: How a definition is referred to.
    """
    schema = TypeAdapter(Answer).json_schema(mode="serialization", ref_template=ref)
    verdict = schema["$defs"]["Verdict"]
    del verdict["properties"]["text"]
    verdict["required"].remove("text")
    return schema


@cache
def config_schema() -> dict[str, Any]:
    """Of `config`."""
    return Config.model_json_schema()
