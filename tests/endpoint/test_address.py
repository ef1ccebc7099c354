import pytest

from citeward.endpoint.address import address
from citeward.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "base", "query"),
    [
        ("http://127.0.0.1:8001/v1", "http://127.0.0.1:8001/v1", ""),
        (" https://api.example.com/v1/ ", "https://api.example.com/v1", ""),
        ("http://[::1]:8001", "http://[::1]:8001", ""),
        ("https://x.example.com/deployments/a?api-version=2", "https://x.example.com/deployments/a", "?api-version=2"),
    ],
)
def test_an_address_is_taken_apart(url: str, base: str, query: str) -> None:
    assert (address(url).base, address(url).query) == (base, query)


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:8001/v1", "127.0.0.1:8001", "ftp://host/v1", "file:///v1", "http://", "http:///v1"),
        *("http://host:0/v1", "http://host:99999", "http://host:port", "http://[::1", "http://host/a b"),
        "http://höst/v1",
    ],
)
def test_what_is_no_address_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(SettingsError, match=r"hint: .+"):
        address(url)


@pytest.mark.parametrize("url", ["http://user:hunter2@host/v1", "ftp://user:hunter2@host/v1", "http://hunter2@host"])
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        address(url)
    assert "hunter2" not in str(caught.value)
