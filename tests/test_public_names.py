import subprocess
import sys

import citeward

PUBLIC = sorted(citeward.__all__)


def test_every_public_name_can_be_imported() -> None:
    assert {name: getattr(citeward, name, None) is not None for name in PUBLIC} == dict.fromkeys(PUBLIC, True)
    assert set(citeward._HOME) == set(citeward.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    assert not hasattr(citeward, "nothing_of_that_name")


_WATCH = """
import sys, threading
seen = []
def watch(event, args):
    if event == "open" and isinstance(args[0], str) and isinstance(args[2], int):
        if not args[0].endswith((".py", ".pyc", ".so")):
            seen.append(f"open {args[0]}")
    elif event.startswith("socket.") or event == "subprocess.Popen":
        seen.append(event)
sys.addaudithook(watch)
import citeward
assert threading.active_count() == 1, threading.enumerate()
heavy = {"torch", "spacy", "onnxruntime", "lancedb", "langgraph", "fastapi", "presidio_analyzer"} & set(sys.modules)
assert not heavy, heavy
print("\\n".join(seen))
"""


def test_importing_the_package_opens_no_file_socket_or_thread() -> None:
    done = subprocess.run([sys.executable, "-c", _WATCH], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
