"""Placeholders in the place of a vault's values, on streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.masker import Masker, masked
from citeward.guardrails.vault import Vault, label, normal

VALUES = {
    "<EMAIL_1>": "ada@example.com",
    "<EMAIL_2>": "ada@example.com.au",
    "<CREDIT_CARD_1>": "4111 1111 1111 1111",
    "<API_KEY_1>": "sk-Secret1234567890",
    "<US_SSN_1>": "078-05-1120",
    "<PIN_1>": "4711",
    "<TEXT_1>": "<EMAIL_1>",
}
PIECES = [*VALUES.values(), *VALUES, "ADA@EXAMPLE.COM", "4111-1111-1111-1111", "47110", " ", ".", "<", "a", "4", "<E"]


def _vault() -> Vault:
    return Vault.load(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ada@example.com.", "Write to <EMAIL_1>."),
        ("Write to ADA@Example.com", "Write to <EMAIL_1>"),
        ("https://x/?to=ada@example.com&y", "https://x/?to=<EMAIL_1>&y"),
        ("the longer one: ada@example.com.au!", "the longer one: <EMAIL_2>!"),
        ("4111111111111111 and 4111-1111-1111-1111", "<CREDIT_CARD_1> and <CREDIT_CARD_1>"),
        ("sk-Secret1234567890", "<API_KEY_1>"),
        ("sk-secret1234567890", "sk-secret1234567890"),  # in a key the case matters
        ("078 05 1120", "<US_SSN_1>"),
        ("pin 4711, not 14711 or 47110", "pin <PIN_1>, not 14711 or 47110"),
        ("nothing of it", "nothing of it"),
        ("", ""),
    ],
)
def test_a_value_is_found_in_every_spelling_that_is_the_same(text: str, expected: str) -> None:
    assert masked(text, _vault()) == expected


def test_what_looks_like_a_placeholder_is_put_behind_one_of_its_own() -> None:
    vault = _vault()
    assert masked("<EMAIL_1> and <EMAIL_9>", vault) == "<TEXT_1> and <TEXT_2>"
    assert vault.restore("<TEXT_1> and <TEXT_2>") == "<EMAIL_1> and <EMAIL_9>"


def test_in_a_text_that_was_masked_before_placeholders_stay() -> None:
    assert masked("<EMAIL_1> is ada@example.com", _vault(), escape=False) == "<EMAIL_1> is <EMAIL_1>"


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.data())
def test_however_a_text_is_split_the_same_comes_out_and_no_value_is_in_it(
    pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    masker = Masker(_vault())
    out = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        out.append(masker.feed(text[begin:end]))
        fed, said = end, sum(map(len, out))
        assert fed - said <= masker.holdback + sum(map(len, VALUES.values())) + 9 * len(pieces)
    out.append(masker.close())
    whole = masked(text, vault := _vault())
    assert "".join(out) == whole
    for placeholder, value in VALUES.items():
        if placeholder not in ("<TEXT_1>", "<PIN_1>"):
            assert value not in whole
    # A credential is hidden for good.
    expected, given_back = (
        one.replace(VALUES["<API_KEY_1>"], "<API_KEY_1>") for one in (text, vault.restore(whole, in_addresses=True))
    )
    assert given_back.casefold().translate(_PLAIN) == expected.casefold().translate(_PLAIN)


_PLAIN = str.maketrans("", "", " -.")


@given(st.text(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_a_text_without_a_value_passes_and_no_more_is_held_than_the_longest(text: str, cuts: list[int]) -> None:
    masker = Masker(Vault.load({"<EMAIL_1>": "ada@example.com"}), escape=False)
    places = sorted(cut for cut in cuts if cut <= len(text))
    said = 0
    for begin, end in zip([0, *places], [*places, len(text)], strict=True):
        said += len(masker.feed(text[begin:end]))
        assert end - said <= masker.holdback
    assert said + len(masker.close()) == len(text)


@given(
    st.sampled_from(["EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER", "API_KEY"]),
    st.from_regex(r"[aB3]([ .@(\[-]{0,4}[aB3]){1,6}", fullmatch=True),
    st.from_regex(r"[aB3]([ .@(\[-]{0,4}[aB3]){1,6}", fullmatch=True),
)
def test_whatever_a_vault_takes_for_one_value_is_masked(kind: str, value: str, other: str) -> None:
    vault = Vault()
    placeholder = vault.mask(value, [Finding(kind=kind, start=0, end=len(value))])
    assert masked(value, vault, escape=False) == placeholder
    if normal(label(kind), other) == normal(label(kind), value):
        assert masked(other, vault, escape=False) == placeholder
