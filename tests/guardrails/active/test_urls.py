import pytest

from citeward.guardrails.active import urls


@pytest.mark.parametrize(
    "target",
    ["javascript:go()", " JaVaScRiPt:go()", "java\tscript:go()", "java&#x73;cript:go()", "data:text/html,x",
     "vbscript:x", "file:///etc/passwd", "javascript%3Ago()"],
)  # fmt: skip
def test_a_target_that_runs_or_reads_something_is_active(target: str) -> None:
    assert urls.is_active(target)


@pytest.mark.parametrize("target", ["https://host/x", "guide.md", "mailto:a@host.io", "#part", "", "a:b"[:1]])
def test_a_target_that_only_leads_somewhere_is_not(target: str) -> None:
    assert not urls.is_active(target)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://Host.io./a", "host.io"),
        ("\\\\host.io\\a", "host.io"),
        ("https:\\\\evil.io\\@host.io", "evil.io"),
        ("https://host.io@evil.io:80/", "evil.io"),
        ("www.host.io/a", "host.io"),
        ("mailto:a@host.io", "host.io"),
        ("guide.md", ""),
        ("/a/b", ""),
    ],
)
def test_the_host_is_the_one_that_a_browser_would_ask(target: str, host: str) -> None:
    assert urls.host(target) == host


@pytest.mark.parametrize(
    ("target", "does"),
    [
        ("https://h.io/?page=2", False),
        ("https://h.io/?q=", True),
        ("https://h.io/?a=&b=1", True),
        ("https://h.io/#{name}", True),
        ("https://h.io/?" + "x" * 80, True),
        ("guide.md#a-heading", False),
        ("https://h.io/" + "x" * 200, False),
    ],
)
def test_a_query_made_to_be_filled_in_sends_something(target: str, does: bool) -> None:
    assert urls.sends(target) is does
