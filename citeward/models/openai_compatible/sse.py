"""Server-sent events, as far as the chat protocol uses them, from bytes that are cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator

DONE = b"[DONE]"


class Payloads:
    """Puts the stream's bytes together into the data of its events.

    Follows the event stream format of the HTML standard: lines end in LF, CRLF or CR; the data lines of one event are
    joined; comments and other fields are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that `chunk` completes."""
        rest = self._rest + chunk if self._rest else chunk
        if b"\r" in rest:
            # A CR at the very end may be half of a CRLF: it waits for what follows.
            held = b"\r" if rest.endswith(b"\r") else b""
            rest = rest[: len(rest) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        *lines, self._rest = rest.split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and self._data:
                data, self._data = self._data, []
                yield data[0] if len(data) == 1 else b"\n".join(data)

    @property
    def unfinished(self) -> bool:
        """Whether the bytes so far end in the middle of an event."""
        return bool(self._rest.strip() or self._data)
