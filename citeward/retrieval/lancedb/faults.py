"""What LanceDB, Arrow and the operating system raise, as errors of ours."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citeward.errors import CitewardError, StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable

_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_BUSY = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ETIMEDOUT, errno.EIO})
_OS_ERROR = re.compile(r"os error (\d+)|code: (\d+)")
_CONFLICT = re.compile(r"conflict|concurrent|too many retries|preempted", re.IGNORECASE)
_CORRUPT = re.compile(
    r"LanceError\((IO|Arrow|Index)\)|not found|invalid range|outside file|no field named|no vector column|"
    r"does not exist|file size|corrupt|decod|protobuf|magic|footer|panicked|out of bounds|truncated|unexpected end",
    re.IGNORECASE,
)


@contextmanager
def faults(folder: Path) -> Iterator[None]:
    """Around every call into LanceDB: nothing but Citeward's errors comes out.

    Args:
        folder: The store's; messages name it.
    """
    try:
        yield
    except CitewardError:
        raise
    except Exception as error:
        raise translated(error, folder) from error
    except BaseException as error:
        # A panic in the native code is no Exception; anything else here is a cancellation or the interpreter's end.
        if type(error).__name__ != "PanicException":
            raise
        raise translated(error, folder) from error


def translated(error: BaseException, folder: Path) -> StoreError:
    """The error of ours that says what `error` means for the store in `folder`."""
    text = str(error)
    numbers = {int(first or second) for first, second in _OS_ERROR.findall(text)}
    if isinstance(error, OSError) and error.errno is not None:
        numbers.add(error.errno)
    if numbers & _READ_ONLY:
        return StoreReadOnly(
            f"the store {str(folder)!r} cannot be written: {_first(text)}",
            hint="make the folder writable for this user, or name another with [store] path in citeward.toml",
        )
    if numbers & _FULL:
        return StoreFull(f"no room left for the store {str(folder)!r}: {_first(text)}", hint="free some disk space")
    if errno.ENOTDIR in numbers:
        return StoreError(
            f"the store {str(folder)!r} is not a folder: {_first(text)}",
            hint="move the file away, or name another folder with [store] path in citeward.toml",
        )
    if numbers & _BUSY:
        return StoreUnavailable(f"the store {str(folder)!r} does not answer: {_first(text)}", hint="try again")
    if _CONFLICT.search(text):
        return StoreUnavailable(
            f"another process writes to the store {str(folder)!r}: {_first(text)}", hint="try again when it is done"
        )
    if type(error).__name__ == "PanicException" or isinstance(error, (UnicodeError, OSError)) or _CORRUPT.search(text):
        return corrupt(folder, _first(text))
    return StoreError(
        f"the store {str(folder)!r} failed: {_first(text)}", hint="see the cause above; report it if it stays"
    )


def corrupt(folder: Path, what: str) -> StoreCorrupt:
    """The error for a folder that cannot be read any more."""
    return StoreCorrupt(
        f"the store {str(folder)!r} is damaged: {what}", hint="delete the folder and run `citeward index` again"
    )


def _first(text: str) -> str:
    """The message without the native code's own source locations."""
    line = re.sub(r",? /(?:root/\.cargo|rustc)/\S+", "", text.strip().splitlines()[0]) if text.strip() else "no message"
    return line if len(line) <= 300 else line[:297] + "..."
