import subprocess
import sys
import threading
from collections.abc import AsyncGenerator

import pytest

from citeward.models.chat.background import Background
from citeward.testing.upstream import Upstream

PROGRAM = """
import sys
from citeward import CitewardChatModel
from citeward.models.openai_compatible.model import OpenAICompatibleModel
chat = CitewardChatModel(model=OpenAICompatibleModel(sys.argv[1], "m"))
print(chat.invoke("Hello").text)
"""


async def _numbers() -> AsyncGenerator[int, None]:
    for number in range(3):
        yield number


def test_a_program_that_closes_nothing_ends_without_complaint(responder: Upstream) -> None:
    # What `-X dev` would show as well, less asyncio's complaints of a slow machine.
    shown = ["-W", "default::ResourceWarning", "-W", "default::RuntimeWarning"]
    command = [sys.executable, *shown, "-c", PROGRAM, responder.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("Hello, and how are you today?\n", "")


def test_all_calls_share_one_thread_and_making_the_loop_starts_none() -> None:
    before = threading.active_count()
    background = Background()
    assert threading.active_count() == before
    assert [list(background.iterate(_numbers, owner=background)) for _ in range(2)] == [[0, 1, 2]] * 2
    assert threading.active_count() == before + 1


def test_what_the_generator_raises_reaches_the_caller_after_what_it_gave() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise LookupError("gone")

    background = Background()
    items = background.iterate(failing, owner=background)
    assert next(items) == 1
    with pytest.raises(LookupError, match="gone"):
        next(items)
