"""What a text becomes before it is sent to an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from citeward.text.tokens import EstimatedRuler, estimate_tokens

BLANK = "."
"""Sent in place of a text without a character to see: many servers refuse an empty one."""


def sendable(text: str, *, prefix: str = "", max_tokens: int) -> str:
    """Prefix and text, as valid UTF-8, cut behind `max_tokens` tokens as `estimate_tokens` counts them."""
    if not text.isascii():
        # A lone surrogate is no text, and JSON cannot carry it.
        text = text.encode("utf-8", "replace").decode()
    if not text.strip():
        text = BLANK
    whole = prefix + text
    if 2 * len(whole) <= max_tokens:  # no character has more than two
        return whole
    return whole[: EstimatedRuler(whole).reach(0, len(whole), max_tokens)]


def batches(
    texts: Sequence[str], *, size: int, tokens: int, count: Callable[[str], int] = estimate_tokens
) -> Iterator[tuple[list[str], int]]:
    """The texts in order, at most `size` and about `tokens` tokens at a time, each with its tokens; a larger text
    alone."""
    batch: list[str] = []
    held = 0
    for text in texts:
        cost = count(text) + 2  # the marks that most tokenizers put around a text
        if batch and (len(batch) == size or held + cost > tokens):
            yield batch, held
            batch, held = [], 0
        batch.append(text)
        held += cost
    if batch:
        yield batch, held
