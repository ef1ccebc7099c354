import socket
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.recognizers import finder, load, resolve

find = finder(floor=0.4)
everything = finder(floor=0.4, eager=True)

SAMPLES = [
    ("EMAIL_ADDRESS", "ada.lovelace@example.com"),
    ("CREDIT_CARD", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "2223-0031-2200-3222"),
    ("IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ("IP_ADDRESS", "192.168.17.23"),
    ("IP_ADDRESS", "2001:db8::8a2e:370:7334"),
    ("PHONE_NUMBER", "+44 20 7946 0958"),
    ("PHONE_NUMBER", "(415) 555-2671"),
    ("US_SSN", "536-90-4399"),
    ("CRYPTO", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
]


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_each_kind_is_found_where_it_stands(kind, sample):
    (finding,) = find(f"it is {sample} indeed")
    assert (finding.kind, finding.start, finding.end) == (kind, 6, 6 + len(sample))


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the checksum does not agree
        "DE89 3704 0044 0532 0130 01",
        "192.168.17.300",
        "ada@nowhere.invalidsuffix",
        "between 1914 and 1918, in 1,234,567 cases",
        "version 1.2.3, section 4.5.6.7.8",
        "000-12-3456",
        "std::vector<int> at 12:30:45",
    ],
)
def test_what_does_not_validate_is_left_alone(text):
    assert find(text) == ()


PARTS = st.one_of(
    st.sampled_from([sample for _, sample in SAMPLES]),
    st.text(alphabet="0123456789 -.+()@:/abcDEF\u0661", max_size=24),
    st.text(max_size=8),
)


@given(st.lists(PARTS, max_size=6))
def test_skipping_recognizers_that_cannot_match_changes_nothing(parts):
    text = " ".join(parts)
    assert find(text) == everything(text)


def test_of_two_that_overlap_the_longer_stays_then_the_surer():
    short = Finding(kind="A", start=0, end=4, score=1)
    long = Finding(kind="B", start=2, end=9, score=0.5)
    sure = Finding(kind="C", start=2, end=9, score=0.9)
    apart = Finding(kind="D", start=9, end=11, score=0.1)
    assert resolve([short, long, sure, apart]) == (sure, apart)


def test_no_socket_is_opened_even_for_an_unknown_suffix(monkeypatch, tmp_path):
    opened = []

    def refuse(*args, **kwargs):
        opened.append(args)
        raise OSError("the network is cut off")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TLDEXTRACT_CACHE", str(tmp_path))
    load.cache_clear()
    try:
        assert [finding.kind for finding in find("ada@example.co.uk")] == ["EMAIL_ADDRESS"]
        assert find("ada@example.notasuffix") == ()
    finally:
        load.cache_clear()
    assert opened == []
    assert list(tmp_path.iterdir()) == []


def test_loading_starts_no_thread():
    before = threading.active_count()
    load()
    assert threading.active_count() == before
    assert "spacy" in sys.modules  # Presidio's doing: when this fails, say so in the docs and be glad
