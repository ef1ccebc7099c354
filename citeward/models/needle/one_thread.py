"""Lets Needle's engine work on one thread.

Used in the worker process alone, on nothing but the engine's own import of one function. Where anything is not as
expected the engine is left as it was built, which is slower on a busy machine and no less right.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_PROCESSORS_ONLINE = os.sysconf_names.get("SC_NPROCESSORS_ONLN", -1) if hasattr(os, "sysconf_names") else -1


def use_one_thread(library: ctypes.CDLL, path: Path) -> object | None:
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
        try:
            slot = next((offset for name, offset in _imports(image) if name == b"sysconf"), None)
            loaded_at = next((value for name, value in _exports(image) if name == b"needle_load"), None)
        except (KeyError, ValueError, struct.error):
            return None  # laid out in another way than we read: the engine then works as it was built
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
        raise ValueError(f"the library has nothing at address {address:#x}")

    tags: dict[int, int] = {}
    for kind, _flags, offset, _start, _physical, length in segments:
        if kind == _DYNAMIC:
            tags.update(struct.iter_unpack("<qQ", image[offset : offset + length]))
    return tags, at


def _string(image: mmap.mmap, offset: int) -> bytes:
    return image[offset : image.find(b"\0", offset)]
