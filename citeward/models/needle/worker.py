"""The process that Needle 3 runs in: ``python -m citeward.models.needle.worker LIBRARY WEIGHTS``.

It answers requests on standard output as they come on standard input, each a JSON object after its length in four
bytes (big-endian), and ends when its input does, which is also when its parent dies. A process of its own because
the engine's state is global, its crash would take the server along, and a call that hangs can only be killed.
It opens no socket and no file but the two it is given.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from citeward.models.needle.engine import Engine, EngineError
from citeward.workers import read_frame, write_frame


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, or None where the stream has ended."""
    body = read_frame(stream)
    if body is None:
        return None
    message: dict[str, Any] = json.loads(body)
    return message


def write_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message; raises OSError where nobody reads any longer."""
    write_frame(stream, json.dumps(message).encode())


def serve(requests: IO[bytes], answers: IO[bytes], library: Path, weights: Path) -> None:
    """Answer requests until they end. Each names `system`, `tools`, `question` and `tokens`, as `Engine.complete`.

    The answer is `{"answer": text}` or `{"error": text}`; where the engine cannot be loaded at all, every answer is
    that error, marked `"fatal"`.
    """
    try:
        engine = Engine(library, weights)
    except (EngineError, OSError) as error:
        while read_message(requests) is not None:
            write_message(answers, {"error": str(error), "fatal": True})
        return
    while (request := read_message(requests)) is not None:
        try:
            answer = {"answer": engine.complete(**request)}
        except EngineError as error:
            answer = {"error": str(error)}
        write_message(answers, answer)


def main() -> None:
    """Serve over standard input and output."""
    # Ctrl-C reaches every process of the terminal; when to end is the parent's to say, by closing the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the library may print must not get in between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    library, weights = sys.argv[1:]
    try:
        serve(sys.stdin.buffer, answers, Path(library), Path(weights))
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
