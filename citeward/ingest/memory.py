"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>
_BYTES = 128 * 1024


def return_freed_memory() -> bool:
    """Have this process give large blocks back as soon as they are freed; whether its C library can be told so.

    The store merges files and indexes now and then, in blocks of many megabytes. glibc takes the first such blocks
    that are freed as a sign to keep all further ones for itself, one heap a thread: a process that fills a store with
    100,000 passages then holds three times the memory that it uses, and more with each further passage. Fixing glibc's
    two thresholds at their initial values turns that habit off. It holds for the whole process, so this is for
    programs such as `citeward index`, not for a library to do to an app.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _BYTES))
