"""The server of `benchmarks.client`: paced replies in the chunks that OpenAI's API sends, in a process of its own.

It does as little as can be done, so that it is never what is measured: asyncio's own streams, events made beforehand.
The streams' tokens fall between each other's. Sent all at once they would be read several at a time, and the more so
the slower a client is, which would then look cheap.

Prints its port, then serves until its input ends. Arguments: streams at a time, tokens a reply, seconds between two
tokens.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"


def events(tokens: int) -> list[bytes]:
    """A reply's events, each as one piece of a chunked body; the one that begins it is first, its end is one."""
    said = [_delta({"role": "assistant", "content": "", "refusal": None})]
    said += [_delta({"content": f" word{number}"}) for number in range(tokens)]
    usage = {
        "prompt_tokens": 19,
        "completion_tokens": tokens,
        "total_tokens": 19 + tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
    end = _delta({}, finish="stop") + _piece(_chunk([], usage)) + _framed(b"data: [DONE]\n\n") + _framed(b"")
    return [*said, end]


def _delta(delta: dict[str, object], finish: str | None = None) -> bytes:
    return _piece(_chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], None))


def _chunk(choices: list[dict[str, object]], usage: dict[str, object] | None) -> dict[str, object]:
    return {
        "id": "chatcmpl-CZzYXwVuTsRqPoNmLkJiHgFeDcBa0",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_44added55e",
        "choices": choices,
        "usage": usage,
    }


def _piece(value: dict[str, object]) -> bytes:
    return _framed(b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def main() -> None:
    streams, (role, *words, end), pace = int(sys.argv[1]), events(int(sys.argv[2])), float(sys.argv[3])
    loop, connections = asyncio.get_running_loop(), itertools.count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        phase = next(connections) % streams / streams
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
                writer.write(HEAD + role + words[0])
                due = (loop.time() // pace + phase) * pace
                for word in words[1:]:
                    due += pace
                    await asyncio.sleep(due - loop.time())
                    writer.write(word)
                writer.write(end)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
