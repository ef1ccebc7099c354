import pytest

from citeward.guardrails.active.known import KnownLinks

TEXT = 'Read https://Docs.test.io/Guide/start?page=2#top, (see [x](//cdn.test.io/a_(b)).) or "www.shop.io".'


@pytest.mark.parametrize(
    "target",
    [
        "https://docs.test.io/Guide/start?page=2#top",
        "http://www.docs.test.io/Guide/start",
        "docs.test.io",
        "https://cdn.test.io/a_(b)",
        "https://shop.io/",
        "https://example.org/any?thing=1",
        "http://127.0.0.1:8000/x",
    ],
)
def test_an_address_that_was_read_is_known_and_so_are_its_beginnings(target: str) -> None:
    assert KnownLinks([TEXT]).knows(target)


@pytest.mark.parametrize(
    "target",
    [
        "https://docs.test.io/guide/start",  # the letters' case of a path says something
        "https://docs.test.io/Guide/start?page=3",
        "https://docs.test.io/Guide/start/more",
        "https://docs.test.io/Gui",
        "https://docs.test.io:8443/",
        "https://docs.test.io@evil.io/",
        "https://test.io/",
        "https://evil.example.org.io/",
    ],
)
def test_one_that_says_anything_else_is_not(target: str) -> None:
    assert not KnownLinks([TEXT]).knows(target)


def test_a_trusted_host_is_trusted_with_all_below_it() -> None:
    known = KnownLinks(hosts=("Team.io",))
    assert known.trusts("https://team.io/x") and known.trusts("//img.team.io/x?y=1")
    assert not known.trusts("https://steam.io") and not known.trusts("https://team.io.evil.io")
