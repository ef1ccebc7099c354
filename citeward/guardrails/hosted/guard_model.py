"""A guard model behind a chat endpoint: Llama Guard and those that answer as it does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from citeward.contracts.guardrail import Finding, Origin, Verdict
from citeward.contracts.model import Location
from citeward.endpoint import Json
from citeward.errors import BadResponse
from citeward.guardrails.hosted.options import HostedOptions, endpoint, sendable
from citeward.guardrails.table import Thresholds
from citeward.guardrails.verdicts import judged

CATEGORIES: Mapping[str, str] = {
    "S1": "violent_crimes",
    "S2": "non_violent_crimes",
    "S3": "sex_crimes",
    "S4": "child_exploitation",
    "S5": "defamation",
    "S6": "specialized_advice",
    "S7": "privacy",
    "S8": "intellectual_property",
    "S9": "indiscriminate_weapons",
    "S10": "hate",
    "S11": "self_harm",
    "S12": "sexual_content",
    "S13": "elections",
    "S14": "code_interpreter_abuse",
}
"""The MLCommons taxonomy, as Llama Guard 3 numbers it."""
UNNAMED = "unsafe"
"""The kind of a finding where the model names no category."""
_CODE = re.compile(r"[A-Za-z]{1,4}\d{1,3}")
_MOST_TOKENS = 64
_OPENING = "Please answer."
"""Guard models' templates begin with a user's turn; where an answer is judged, this is it."""


class GuardModelOptions(HostedOptions):
    """The `options` of the `guard_model` guard."""

    prompt: str | None = Field(default=None, min_length=1)
    """Sent in the place of the bare text, with `{text}`, `{role}` (User or Agent) and `{categories}` filled in, for a
    model whose server has no template of its own for the task; None leaves it to the server's chat template."""
    categories: dict[str, str] = Field(default_factory=lambda: dict(CATEGORIES), min_length=1)
    """From the model's codes to kinds of findings."""
    scores: dict[str, float] = Field(default_factory=dict)
    """By code, the score of a finding, 0..1, where it is not 1; with 0 the category is left alone."""


class GuardModel:
    """Asks a model whether a text is safe: it answers `safe`, or `unsafe` and the categories.

    A user's, a tool's and a document's text is sent as a user's turn, a model's as the assistant's. An unreachable
    server and an answer of another shape raise, and the policy's row says what that means. The text leaves this
    machine.

    Args:
        thresholds: By origin, from which score on what is done. Scores are 1 where the options say nothing else.
        options: Which model, where.
        name: The guard's name in the policy table.

    Raises:
        SettingsError: The url is none, or the key's variable is not set.
    """

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: GuardModelOptions, *, name: str = "guard_model"
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._options = options
        self._endpoint = endpoint(options)
        self.location = Location.of(self._endpoint.url)

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Ask about `text`. A blank one is safe, unasked.

        Raises:
            BadResponse: The answer is neither `safe` nor `unsafe`.
            ModelError: The server cannot be reached or refuses.
        """
        limits = self._thresholds.get(origin)
        findings: tuple[Finding, ...] = ()
        if limits is not None and text.strip():
            answer = await self._endpoint.post("/chat/completions", self._request(sendable(text), origin))
            findings = self._findings(_content(answer), len(text))
        return judged(
            self.name,
            text,
            origin=origin,
            limits=limits,
            findings=findings,
            score=max((finding.score for finding in findings), default=0.0),
            because="A guard model calls the text unsafe",
        )

    async def aclose(self) -> None:
        """Give back the connections."""
        await self._endpoint.aclose()

    def _request(self, text: str, origin: Origin) -> dict[str, object]:
        said = origin is Origin.MODEL
        if self._options.prompt is not None:
            listed = "\n".join(f"{code}: {kind.replace('_', ' ')}" for code, kind in self._options.categories.items())
            filled = {"{role}": "Agent" if said else "User", "{categories}": listed, "{text}": text}
            # In one pass, so that braces within the text stay what they are.
            whole = re.sub(r"\{(?:role|categories|text)\}", lambda match: filled[match[0]], self._options.prompt)
            messages = [{"role": "user", "content": whole}]
        elif said:
            messages = [{"role": "user", "content": _OPENING}, {"role": "assistant", "content": text}]
        else:
            messages = [{"role": "user", "content": text}]
        request: dict[str, object] = {"messages": messages, "temperature": 0, "max_tokens": _MOST_TOKENS}
        return request if self._options.model is None else {"model": self._options.model, **request}

    def _findings(self, answer: str, length: int) -> tuple[Finding, ...]:
        verdict, _, rest = answer.strip().partition("\n")
        match verdict.strip().lower():
            case "safe":
                return ()
            case "unsafe":
                codes = list(dict.fromkeys(code.upper() for code in _CODE.findall(rest))) or [UNNAMED]
            case _:
                raise BadResponse(
                    "The guard model answered neither 'safe' nor 'unsafe'.",
                    hint="Is it a guard model? One that is not needs a `prompt` that asks for these words.",
                )
        found = [
            Finding(
                kind=self._options.categories.get(code, code),
                start=0,
                end=length,
                score=self._options.scores.get(code, 1.0),
            )
            for code in codes
        ]
        return tuple(finding for finding in found if finding.score > 0)


def _content(answer: Json) -> str:
    try:
        content = answer["choices"][0]["message"]["content"]  # type: ignore[call-overload]
    except (KeyError, IndexError, TypeError):
        content = None
    if not isinstance(content, str):
        raise BadResponse(
            "The guard model's answer has no text in choices[0].message.content.",
            hint="Is the url that of an OpenAI-compatible chat endpoint, up to and with its version?",
        )
    return content
