"""Tokens as text while they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

CONTEXT = 5
"""Tokens of the prompt that the first piece is read with: some tokenizers drop the space at a text's beginning."""
_UNFINISHED = "\ufffd"
"""What bytes that make no character yet are decoded to."""


class Detokenizer:
    """Gives each token's text as soon as later tokens cannot change it; joined, the pieces are the whole text.

    A character's bytes may be spread over several tokens: they are kept back until the character is whole. A piece is
    decoded together with the one before it, never with the whole text, so that a token costs the same wherever it is.

    Args:
        decode: The tokenizer's own, without special tokens.
        before: The prompt's last tokens.
    """

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        self._decode = decode
        self._tokens = list(before[-CONTEXT:])
        self._read = len(self._tokens)

    def feed(self, token: int) -> str:
        """What the token lets out; may be empty."""
        self._tokens.append(token)
        text = self._new()
        if not text or text.endswith(_UNFINISHED):
            return ""
        self._tokens = self._tokens[self._read :]
        self._read = len(self._tokens)
        return text

    def close(self) -> str:
        """What is left; bytes that never became a character are the replacement character."""
        text = self._new()
        self._read = len(self._tokens)
        return text

    def _new(self) -> str:
        told = self._decode(self._tokens[: self._read])
        return self._decode(self._tokens)[len(told) :]
