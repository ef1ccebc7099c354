import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.errors import InvalidInput
from citeward.guardrails.pii.credentials import KINDS, SECRET
from citeward.guardrails.vault import Restorer, Vault
from citeward.testing.suites.guardrail import check_stream_guard


def at(text, value, kind="EMAIL_ADDRESS"):
    start = text.index(value)
    return Finding(kind=kind, start=start, end=start + len(value))


def test_the_same_value_has_the_same_placeholder_however_it_is_written():
    vault = Vault()
    first, second = "ada@example.com", "write ADA@Example.com"
    assert vault.mask(first, [at(first, first)]) == "<EMAIL_1>"
    assert vault.mask(second, [at(second, "ADA@Example.com")]) == "write <EMAIL_1>"
    cards = "4111 1111 1111 1111, 4111-1111-1111-1111"
    spans = [at(cards, "4111 1111 1111 1111", "CREDIT_CARD"), at(cards, "4111-1111-1111-1111", "CREDIT_CARD")]
    assert vault.mask(cards, spans) == "<CREDIT_CARD_1>, <CREDIT_CARD_1>"


def test_values_of_different_kinds_or_cases_that_matter_stay_apart():
    vault = Vault()
    text = "sk-A sk-a"
    assert vault.mask(text, [at(text, "sk-A", "API_KEY"), at(text, "sk-a", "API_KEY")]) == "<API_KEY_1> <API_KEY_2>"


def test_a_name_or_a_papers_number_is_one_however_it_is_spaced_or_cased():
    vault = Vault()
    text = "Ada  Lovelace, ada lovelace, AB 123-4567, ab1234567"
    spans = [at(text, "Ada  Lovelace", "PERSON"), at(text, "ada lovelace", "PERSON")]
    spans += [at(text, "AB 123-4567", "PASSPORT"), at(text, "ab1234567", "PASSPORT")]
    assert vault.mask(text, spans) == "<PERSON_1>, <PERSON_1>, <PASSPORT_1>, <PASSPORT_1>"


@pytest.mark.parametrize("kind", [*KINDS, SECRET])
def test_a_credential_is_hidden_and_not_given_back(kind):
    vault = Vault()
    masked = vault.mask("key: s3cr3t, ada@example.com", [at("key: s3cr3t", "s3cr3t", kind)])
    assert "s3cr3t" not in masked
    assert vault.restore(masked) == masked
    stream = Restorer(vault)
    assert stream.feed(masked) + stream.close() == masked


def test_a_vault_survives_being_stored():
    vault = Vault()
    vault.mask("ada@example.com", [at("ada@example.com", "ada@example.com")])
    again = Vault.load(json.loads(json.dumps(vault.dump())))
    text = "Ada@example.com bob@example.com"
    assert again.mask(text, [at(text, "Ada@example.com"), at(text, "bob@example.com")]) == "<EMAIL_1> <EMAIL_2>"


def test_its_repr_shows_no_value():
    vault = Vault.load({"<EMAIL_1>": "ada@example.com"})
    assert repr(vault) == "Vault(['<EMAIL_1>'])"


def test_what_is_not_a_placeholder_cannot_be_loaded():
    with pytest.raises(InvalidInput, match="'EMAIL_1' is not a placeholder"):
        Vault.load({"EMAIL_1": "x"})


def test_findings_that_overlap_are_refused():
    spans = [Finding(kind="A", start=0, end=4), Finding(kind="A", start=2, end=6)]
    with pytest.raises(InvalidInput, match="overlaps"):
        Vault().mask("abcdefg", spans)


VALUES = st.sampled_from(["ada@example.com", "bob@example.org", "x", "<EMAIL_1>", "<TEXT_1>"])
WORDS = st.sampled_from(["hello", "<EMAIL_1>", "<EMAIL_2>", "<TEXT_1>", "<TEXT_2>", "<", ">", "<EMAIL_", "1>", " "])


@given(st.lists(st.tuples(WORDS, VALUES, st.booleans()), max_size=8))
def test_masking_can_be_undone_and_hides_every_value(parts):
    text, findings = "", []
    for word, value, is_found in parts:
        text += word
        if is_found:
            findings.append(Finding(kind="EMAIL_ADDRESS", start=len(text), end=len(text) + len(value)))
            text += value
    vault = Vault()
    vault.mask("ada@example.com", [Finding(kind="EMAIL_ADDRESS", start=0, end=15)])
    masked = vault.mask(text, findings)
    assert vault.restore(masked, in_addresses=True) == text
    assert "@" not in masked


@given(
    st.lists(st.one_of(WORDS, st.sampled_from(["<EMAIL_10>", "<<EMAIL_1>", "a<b"])), max_size=10).map("".join),
    st.lists(st.integers(min_value=0, max_value=80), max_size=10),
)
def test_a_stream_gives_back_what_the_whole_text_would(text, cuts):
    vault = Vault.load({"<EMAIL_1>": "ada@example.com", "<EMAIL_10>": "<EMAIL_1>", "<TEXT_1>": "<"})
    assert check_stream_guard(lambda: Restorer(vault), text, cuts) == vault.restore(text)


def test_a_restorer_holds_back_less_than_its_longest_placeholder():
    assert Restorer(Vault.load({"<EMAIL_1>": "a@b.com"})).holdback == 8
    assert Restorer(Vault()).holdback == 0
