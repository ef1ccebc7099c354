"""One text through the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from citeward.contracts.retrieval import TokenVectors, Vector, Vectors

WINDOW = 256
"""Tokens that the model was made for, [CLS] and [SEP] included; a longer text is cut there."""


class Session:
    """A loaded graph with its tokenizer. Safe to use from several threads at once.

    A text runs alone, never padded into a batch. The kernels quantize activations by the range they find in the
    whole input, so in a batch a text's vector would depend on its neighbours (measured: cosine down to .988 to
    itself); alone, the same text has the same vector every time. It costs nothing on paragraphs and about 15% on
    texts of a dozen tokens.
    """

    def __init__(self, model: bytes, tokenizer: bytes) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # One thread a text, and several texts at once: threads inside one text spin while they wait for each other.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._run = onnxruntime.InferenceSession(
            model,
            options,
            providers=["CPUExecutionProvider"],
            # Its kernel for add-and-normalize is scalar: eight times slower than the two steps apart.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
        self._inputs = {item.name for item in self._run.get_inputs()}
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.enable_truncation(WINDOW)
        self._tokenizer.no_padding()

    def vector(self, text: str) -> Vector:
        """The text's vector, float32[384]: the mean over all tokens, unit length."""
        return _unit(self._hidden(self._encode(text)).mean(axis=0))

    def tokens(self, text: str) -> TokenVectors:
        """The vectors of the text's tokens, special tokens left out."""
        return self.both(text)[1]

    def both(self, text: str) -> tuple[Vector, TokenVectors]:
        """The text's vector and its tokens', from one run."""
        encoding = self._encode(text)
        hidden = self._hidden(encoding)
        kept = np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)
        offsets = tuple(encoding.offsets[index] for index in kept)
        return _unit(hidden.mean(axis=0)), TokenVectors(vectors=_unit(hidden[kept]), offsets=offsets)

    def _encode(self, text: str) -> Any:
        try:
            return self._tokenizer.encode(text)
        except TypeError:
            # A lone surrogate is no text; it becomes one "?", so that the offsets stay true.
            return self._tokenizer.encode(text.encode("utf-8", "replace").decode())

    def _hidden(self, encoding: Any) -> Vectors:
        ids = np.array([encoding.ids], np.int64)
        feed = {"input_ids": ids}
        if "attention_mask" in self._inputs:
            # The shipped graph; the faster one knows that a text runs alone.
            feed |= {"attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden: Vectors = self._run.run(None, feed)[0][0]
        return hidden


def _unit(rows: Vectors) -> Vectors:
    unit: Vectors = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return unit
