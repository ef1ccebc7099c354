"""Fixtures that several rooms' tests share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long one example takes is the machine's business: on a busy one it would fail tests by chance. What must pass
# before a change lands always tries the same examples, so that it is the change that passes or fails; elsewhere they
# are new ones each time.
settings.register_profile("citeward", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# A round of `make fuzz`: many new examples, chosen by the round's seed alone.
settings.register_profile(
    "fuzz", deadline=None, max_examples=1000, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fuzz" if os.environ.get("CITEWARD_FUZZ") else "ci" if os.environ.get("CI") else "citeward")

ROOT = Path(__file__).parents[1]


_ROOMS = ("tests/canaries", "tests/serving")
"""Folders whose tests share what takes long to make."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side are run files, or rooms, and never the tests of one: they share fixtures."""
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        room = next((room for room in _ROOMS if place.startswith(room)), place)
        item.add_marker(pytest.mark.xdist_group(room))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root, which is a Citeward project."""
    return ROOT


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """The folder of public labelled data; the test skips where there is none."""
    named = os.environ.get("CITEWARD_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("CITEWARD_DATA names no folder of labelled data")
    return Path(named)


@pytest.fixture(autouse=True)
def _logs_as_they_come() -> Iterator[None]:
    """The command line chooses which logs are shown, for its whole process; other tests must not inherit that."""
    root = logging.getLogger()
    handlers, levels = (
        list(root.handlers),
        {name: logging.getLogger(name).level for name in ("", "citeward", "uvicorn")},
    )
    yield
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable such as CITEWARD_STORE__PATH in the developer's shell must not decide what a test sees."""
    for name in os.environ:
        if name.startswith("CITEWARD_") and "__" in name:
            monkeypatch.delenv(name)
