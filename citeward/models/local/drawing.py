"""How the next token is chosen."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from citeward.contracts.model import Sampling, TokenLogprob


def generation_config(model: Any, *, limit: int) -> Any:
    """The model's own configuration, bounded; tokens are drawn by `Draw`, so transformers itself draws none.

    Args:
        model: A loaded model of transformers.
        limit: New tokens, the most.
    """
    config = copy.deepcopy(model.generation_config)
    config.do_sample, config.num_beams, config.num_return_sequences = False, 1, 1
    config.temperature = config.top_p = config.top_k = config.min_p = config.typical_p = None
    config.max_new_tokens, config.max_length = limit, None
    config.stop_strings, config.return_dict_in_generate = None, False
    if config.pad_token_id is None:
        ends = config.eos_token_id
        config.pad_token_id = ends[0] if isinstance(ends, list) else ends
    return config


class Draw:
    """Chooses each token with a generator of its own, so that answers written side by side do not share their luck.

    A `LogitsProcessor` that leaves one token possible: the likeliest, or the one that was drawn.

    Args:
        own: The model's generation config, for what the request leaves open.
        sampling: What the request says.
        logprobs: Likeliest tokens to tell at each place; None tells nothing.
    """

    def __init__(self, own: Any, sampling: Sampling, logprobs: int | None) -> None:
        self._warpers = _warpers(own, sampling)
        self._seed = sampling.seed
        self._generator: Any = None
        self._top = logprobs
        self._told: deque[tuple[Any, Any, float]] = deque()

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores of all tokens, [1, vocabulary], with all but one at minus infinity."""
        import torch

        warped = scores
        for warper in self._warpers:
            warped = warper(input_ids, warped)
        if self._warpers:
            chosen = torch.multinomial(warped.float().softmax(-1), 1, generator=self._luck(scores.device))
        else:
            chosen = scores.argmax(-1, keepdim=True)
        if self._top is not None:
            likely = scores.float().log_softmax(-1)[0]
            values, places = likely.topk(max(self._top, 1))
            self._told.append((values, places, float(likely[chosen[0, 0]])))
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)

    def logprob(self, token: int, decode: Callable[[Sequence[int]], str]) -> TokenLogprob | None:
        """How likely the next of the chosen tokens was; None where nobody asked."""
        if self._top is None:
            return None
        values, places, own = self._told.popleft()
        told = list(zip(places.tolist(), values.tolist(), strict=True))[: self._top]
        # The other way round, so that of several tokens of one text the likeliest counts.
        top = {decode([place]): value for place, value in reversed(told)}
        return TokenLogprob(token=decode([token]), logprob=own, top=dict(reversed(top.items())))

    def _luck(self, device: Any) -> Any:
        import torch

        if self._generator is None:
            self._generator = torch.Generator(device=device)
            if self._seed is None:
                self._generator.seed()
            else:
                self._generator.manual_seed(self._seed)
        return self._generator


def _warpers(own: Any, sampling: Sampling) -> list[Any]:
    """What bends the probabilities, in transformers' order; none where the likeliest token is taken."""
    from transformers.generation import logits_process

    # A model whose files draw no tokens takes the likeliest, until a request asks for a temperature.
    given = sampling.temperature
    temperature = given if given is not None else (own.temperature or 1.0) if own.do_sample else 0.0
    if not temperature:
        return []
    top_k = sampling.top_k if sampling.top_k is not None else own.top_k if own.do_sample else None
    top_p = sampling.top_p if sampling.top_p is not None else own.top_p if own.do_sample else None
    warpers: list[Any] = [logits_process.TemperatureLogitsWarper(float(temperature))]
    if top_k:
        warpers.append(logits_process.TopKLogitsWarper(top_k))
    if top_p is not None and top_p < 1:
        warpers.append(logits_process.TopPLogitsWarper(top_p))
    if own.do_sample and own.min_p:
        warpers.append(logits_process.MinPLogitsWarper(own.min_p))
    return warpers
