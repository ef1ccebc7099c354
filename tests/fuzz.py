"""Runs the property tests marked `fuzz` over and over, with another seed each round: `make fuzz SECONDS=600 SEED=7`.

`make test` runs the same tests with few examples. A round that fails prints the falsifying example and its seed, and
`pytest -m fuzz --hypothesis-seed=SEED` with `CITEWARD_FUZZ=1` set repeats it.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="start no further round after this time")
    parser.add_argument("--seed", type=int, default=0, help="the first round's seed; each round adds 1")
    parser.add_argument("paths", nargs="*", default=["tests"], help="files or folders of tests; all by default")
    options = parser.parse_args()
    started, rounds = time.monotonic(), 0
    while rounds == 0 or time.monotonic() - started < options.seconds:
        seed = options.seed + rounds
        command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", "-p", "no:cacheprovider"]
        ran = subprocess.run(
            [*command, f"--hypothesis-seed={seed}", *options.paths],
            cwd=ROOT,
            env={**os.environ, "CITEWARD_FUZZ": "1"},
            check=False,
        )
        rounds += 1
        if ran.returncode:
            print(f"fuzz: seed {seed} failed after {time.monotonic() - started:.0f} s")
            return ran.returncode
    print(f"fuzz: {rounds} rounds passed in {time.monotonic() - started:.0f} s, seeds {options.seed} to {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
