import pytest

from citeward.endpoint.credentials import Credentials
from citeward.errors import SettingsError


def test_a_key_is_kept_out_of_a_text_however_short_it_is() -> None:
    assert Credentials(" k3y\n", {}).clean("no such key: k3y") == "no such key: ***"


def test_a_long_header_is_kept_out_and_a_short_one_may_be_a_flag() -> None:
    credentials = Credentials(None, {"X-Key": "s3cret-value", "X-Version": "2"})
    assert credentials.clean("2 keys: s3cret-value") == "2 keys: ***"
    assert not credentials.has_key


def test_a_secret_that_holds_another_is_kept_out_whole() -> None:
    assert Credentials("secret-1", {"X-Key": "secret-1-and-more"}).clean("secret-1-and-more") == "***"


def test_a_key_in_a_header_of_its_own_counts_as_one() -> None:
    assert Credentials(None, {"Api-Key": "x"}).has_key
    assert Credentials("x", {}).headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize(("key", "headers"), [("sk\nsecret", {}), (None, {"X-Key": "sécret"})])
def test_what_cannot_be_sent_is_refused_and_not_repeated(key: str | None, headers: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="characters") as caught:
        Credentials(key, headers)
    assert "cret" not in str(caught.value)
