import platform
import subprocess
import sys

import pytest

GROWN = """
import resource, threading
from citeward.ingest.memory import return_freed_memory

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

{call}
before = held()

def churn():
    # Each block larger than the one before: the habit that is turned off keeps them all.
    for size in range(1, 25):
        kept = [bytearray(size << 20), bytearray(100_000)]
        del kept[0]

threads = [threading.Thread(target=churn) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the habit")
def test_what_is_freed_goes_back() -> None:
    code = GROWN.format(call="assert return_freed_memory()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16 << 20


@pytest.mark.skipif(platform.libc_ver()[0] == "glibc", reason="glibc can be told")
def test_another_library_is_left_alone() -> None:
    from citeward.ingest.memory import return_freed_memory

    assert return_freed_memory() is False
