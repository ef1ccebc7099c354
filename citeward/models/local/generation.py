"""One answer, written in a thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from citeward.contracts.model import Delta, ModelRequest, TokenLogprob, TokenUsage
from citeward.errors import CitewardError, ContextTooLong
from citeward.models.local.detokenizer import CONTEXT, Detokenizer
from citeward.models.local.drawing import Draw, generation_config
from citeward.models.local.failure import not_answered
from citeward.models.local.markup import Form, Markup
from citeward.models.local.options import LocalOptions
from citeward.models.local.prompt import Prompt, prompt_of
from citeward.models.local.stops import Stops


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model in memory."""

    name: str
    """As errors name it."""
    model: Any
    tokenizer: Any
    form: Form
    window: int
    """Tokens of prompt and answer together."""
    options: LocalOptions
    encoding: threading.Lock
    """Held while the tokenizer encodes: it does not take two texts at once."""

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        told = self.model.generation_config.eos_token_id
        return frozenset(told if isinstance(told, list) else [] if told is None else [told])

    def decode(self, tokens: Any) -> str:
        """Text of tokens, special ones left out."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


class Generation:
    """An answer on its way; transformers' `generate` runs it, and streams to it.

    Args:
        loaded: Who answers.
        request: What is asked.
        say: Takes each delta; called in the thread of `run`.
    """

    def __init__(self, loaded: Loaded, request: ModelRequest, say: Callable[[Delta], None]) -> None:
        self._loaded = loaded
        self._request = request
        self._say = say
        self._left = threading.Event()
        self.error: CitewardError | None = None
        """Why it broke off."""

    def leave(self) -> None:
        """Write no further token: nobody reads on."""
        self._left.set()

    def run(self) -> None:
        """Write the whole answer; nothing is raised."""
        if self._left.is_set():
            return
        try:
            self._write()
        except CitewardError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - torch, transformers and a model's own code raise what they like
            self.error = not_answered(self._loaded.name, error)

    def _write(self) -> None:
        import torch

        loaded, sampling = self._loaded, self._request.sampling
        with loaded.encoding:
            prompt = prompt_of(loaded.tokenizer, self._request, loaded.form, loaded.options.template)
            tokens = loaded.tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
        limit = self._limit(len(tokens))
        draw = Draw(loaded.model.generation_config, sampling, self._request.logprobs)
        answer = _Answer(loaded, self._request, prompt, tokens, draw)
        given = torch.tensor([tokens], device=loaded.model.device)
        reader = _Reader(answer, self._say)
        with contextlib.suppress(_Enough):
            loaded.model.generate(
                input_ids=given,
                attention_mask=torch.ones_like(given),
                generation_config=generation_config(loaded.model, limit=limit),
                streamer=reader,
                logits_processor=[draw],
                stopping_criteria=[self._stopped],
            )
        if not self._left.is_set():
            for delta in answer.close(len(tokens)):
                self._say(delta)

    def _limit(self, prompt: int) -> int:
        """New tokens, the most, after a prompt of so many."""
        window = self._loaded.window
        if prompt >= window:
            raise ContextTooLong(
                f"the prompt has {prompt} tokens, and {self._loaded.name} takes {window} with its answer",
                hint="Send less, or choose a model with a larger window.",
            )
        return min(self._request.sampling.max_tokens or window, window - prompt)

    def _stopped(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002 - a StoppingCriteria's signature
        import torch

        return torch.full((input_ids.shape[0],), self._left.is_set(), dtype=torch.bool, device=input_ids.device)


class _Enough(Exception):
    """Ends `generate` at once: a stop was met, and a further token would be for nothing."""


class _Reader:
    """What transformers streams to; of its `BaseStreamer`, `put` and `end`."""

    def __init__(self, answer: _Answer, say: Callable[[Delta], None]) -> None:
        self._answer = answer
        self._say = say
        self._prompt = True

    def put(self, value: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.flatten().tolist():
            for delta in self._answer.feed(token):
                self._say(delta)
        if self._answer.stopped:
            raise _Enough

    def end(self) -> None:
        """Nothing: `close` says what is left."""


class _Answer:
    """Tokens turned into deltas: to text, up to a stop, taken apart."""

    def __init__(self, loaded: Loaded, request: ModelRequest, prompt: Prompt, tokens: list[int], draw: Draw) -> None:
        calls = bool(request.tools) and request.tool_choice != "none"
        form = Form(thinks=loaded.form.thinks and not request.prefix, calls=loaded.form.calls and calls)
        self._loaded = loaded
        self._draw = draw
        self._text = Detokenizer(loaded.decode, tokens[-CONTEXT:])
        self._stops = Stops(request.sampling.stop)
        self._markup = Markup(form, thinking=prompt.thinking, begun=prompt.begun)
        self._logprobs: list[TokenLogprob] = []
        self._written = self._thought = 0
        self._ended = False

    @property
    def stopped(self) -> bool:
        """Whether it is at its end, whatever the model would say next."""
        return self._ended or self._stops.hit

    def feed(self, token: int) -> Iterator[Delta]:
        self._written += 1
        self._thought += self._markup.thinking
        likely = self._draw.logprob(token, self._loaded.tokenizer.decode)
        if token in self._loaded.ends:
            self._ended = True
            return
        if likely is not None:
            self._logprobs.append(likely)
        yield from self._told(self._markup.feed(self._stops.feed(self._text.feed(token))))

    def close(self, prompt: int) -> Iterator[Delta]:
        """What is left, usage and the reason for the end.

        Args:
            prompt: Tokens of the prompt.
        """
        cut = not self.stopped
        yield from self._told(self._markup.feed(self._stops.feed(self._text.close())))
        yield from self._told(self._markup.feed(self._stops.close()))
        yield from self._told(self._markup.close(cut=cut))
        if self._logprobs:
            yield Delta(logprobs=tuple(self._logprobs))
        yield Delta(usage=TokenUsage(input_tokens=prompt, output_tokens=self._written, reasoning_tokens=self._thought))
        yield Delta(finish_reason="length" if cut else "tool_calls" if self._markup.calls else "stop")

    def _told(self, deltas: Iterator[Delta]) -> Iterator[Delta]:
        """The deltas, the first text with the probabilities of the tokens since the last."""
        for delta in deltas:
            if delta.text and self._logprobs:
                yield Delta(text=delta.text, logprobs=tuple(self._logprobs))
                self._logprobs = []
            else:
                yield delta
