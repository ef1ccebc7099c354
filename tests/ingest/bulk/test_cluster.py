import importlib.util

import pytest

from citeward.errors import RunError, SettingsError
from citeward.ingest.bulk.cluster import connected


def test_without_ray_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'citeward\[ray\]'"), connected():
        pass


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
def test_a_cluster_that_is_not_there_is_said_at_once(address: str) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with pytest.raises(RunError, match=r"no Ray cluster at .*127\.0\.0\.1"), connected(address):
        pass
