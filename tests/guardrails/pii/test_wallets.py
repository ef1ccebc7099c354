import pytest

from citeward.guardrails.pii.wallets import wallets

ADDRESSES = [
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "0x52908400098527886E0F7030069857D2E4169EE7",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_found_by_its_checksum_or_form(address):
    (finding,) = wallets(f"to {address}.")
    assert (finding.kind, finding.start, finding.end) == ("CRYPTO", 3, 3 + len(address))


@pytest.mark.parametrize("address", ADDRESSES[:-1])
def test_one_changed_character_breaks_the_checksum(address):
    changed = address[:-1] + ("q" if address[-1] != "q" else "p")
    assert list(wallets(f"to {changed}.")) == []


def test_long_words_and_hashes_are_no_addresses():
    assert list(wallets("Donaudampfschifffahrtsgesellschaft 9e107d9d372bb6826bd81d3542a419d6")) == []
