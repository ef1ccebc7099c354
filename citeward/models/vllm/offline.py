"""Many answers at once, without a server: for evaluation runs over a whole dataset."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.contracts.model import FinishReason, ModelRequest, TokenUsage
from citeward.errors import BadResponse, ContextTooLong, InvalidInput, ModelUnavailable
from citeward.models.openai_compatible.body import body
from citeward.models.openai_compatible.dialect import VLLM
from citeward.models.vllm.command import engine_arguments
from citeward.models.vllm.failures import INSTALL, diagnosed
from citeward.models.vllm.options import VLLMOptions
from citeward.models.vllm.process import start

_WORKER = Path(__file__).with_name("worker.py")
_GRACE = 10.0


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One whole answer."""

    text: str
    finish_reason: FinishReason
    usage: TokenUsage


async def generate_offline(
    model: str,
    requests: Sequence[ModelRequest],
    options: VLLMOptions | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> list[Completion]:
    """Every request's answer, in the order of the requests, from `vllm.LLM`.

    It runs in a process of its own, so that the GPU's memory is given back at the end, whatever happened, and so that
    neither the event loop nor the caller's main module is touched. Cancelling ends that process.

    Args:
        model: Name of a repository, or a folder.
        requests: Free or structured text; a call of tools is parsed by a server only.
        options: How it is loaded; what concerns a server is not read.
        environment: Laid over the process's own.

    Raises:
        InvalidInput: A request that asks for tools, log probabilities or the end of a text.
        ContextTooLong: A prompt that does not fit into the window.
        ModelUnavailable: vLLM is not installed, finds no GPU or too little memory; the hint says what to lower.
        SettingsError, NotFound, AuthenticationFailed: An option, or a model, that cannot be served.
        BadResponse: The worker ended without an answer to each.
    """
    options = options or VLLMOptions()
    jobs = [_job(request, at) for at, request in enumerate(requests)]
    python = _python(options)
    if not jobs:
        return []
    with tempfile.TemporaryDirectory(prefix="citeward-vllm-") as folder:
        asked, told, log = (Path(folder) / name for name in ("asked.json", "told.json", "log"))
        asked.write_text(json.dumps({"model": model, "engine": engine_arguments(options), "jobs": jobs}))
        # By its path: the other environment need not have Citeward.
        group = await start([python, str(_WORKER), str(asked), str(told)], log=log, environment=environment)
        try:
            code = await group.wait()
        finally:
            await group.stop(_GRACE)
        if code == 0 and told.is_file():
            return _completions(json.loads(told.read_text()), len(jobs), model)
        raise _failed(group.tail(), code, model, options)


def _job(request: ModelRequest, at: int) -> dict[str, Any]:
    lacking = {"tools": request.tools, "logprobs": request.logprobs is not None, "prefix": request.prefix}
    for name, given in lacking.items():
        if given:
            raise InvalidInput(
                f"request {at!r} has {name}, which a batch without a server does not take",
                hint="Serve the model, and ask it through OpenAICompatibleModel.",
            )
    made = body(request, model="", dialect=VLLM, extra={})
    named = ("temperature", "top_p", "top_k", "max_tokens", "stop", "seed")
    schema = None if request.output_schema is None else dict(request.output_schema)
    sampling = {name: made[name] for name in named if name in made}
    return {"messages": made["messages"], "sampling": sampling, "schema": schema}


def _python(options: VLLMOptions) -> str:
    """The Python that has vLLM."""
    if options.python is not None:
        return str(options.python)
    if importlib.util.find_spec("vllm") is None:
        raise ModelUnavailable(
            "vLLM is not installed in this environment",
            hint=f"{INSTALL} (Linux), or name the Python that has it by `python`.",
        )
    return sys.executable


def _completions(told: list[dict[str, Any]], wanted: int, model: str) -> list[Completion]:
    if len(told) != wanted:
        raise BadResponse(f"{model!r} gave {len(told)} answers to {wanted} requests", hint="Run it again.")
    return [
        Completion(
            text=one["text"],
            finish_reason="length" if one["finish_reason"] == "length" else "stop",
            usage=TokenUsage(
                input_tokens=one["input_tokens"],
                output_tokens=one["output_tokens"],
                cached_tokens=one["cached_tokens"],
            ),
        )
        for one in told
    ]


def _failed(log: str, code: int, model: str, options: VLLMOptions) -> Exception:
    if "VLLMValidationError" in log or "longer than the maximum model length" in log:
        return ContextTooLong(
            f"a prompt does not fit into the window of {model!r}",
            hint="Send less, lower `max_tokens`, or raise `max_model_len`.",
        )
    return diagnosed(log, code, model=model, options=options)
