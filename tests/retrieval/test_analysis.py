import string

from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Chunk, Document
from citeward.retrieval.analysis import LONGEST, passage_terms, terms
from citeward.text.words import STOP_WORDS


def test_words_meet_in_their_stem_whatever_their_case_and_accents() -> None:
    assert terms("Routing routes ROUTED") == ["rout"] * 3
    assert terms("Crème Brûlée") == terms("creme brulee")


def test_stop_words_alone_leave_nothing() -> None:
    assert terms(" ".join(sorted(word for word in STOP_WORDS if "'" not in word)) + " ?!") == []


def test_marks_between_words_part_them() -> None:
    assert terms("Get Help? max/token a/b don't") == ["get", "help", "max", "token", "b", "don"]


def test_a_name_put_together_of_words_stands_for_itself_too() -> None:
    assert terms("Where-Object max_tokens") == ["object", "max", "token", "whereobject", "maxtokens"]
    assert set(terms("where-object")) == set(terms("Where-Object"))
    assert terms("2026-11-21 ada@mail.example https://x.example/y") == (
        ["2026", "11", "21", "ada", "mail", "exampl", "https", "x", "exampl", "y"]
    )


def test_scripts_without_blanks_are_found_by_pairs_of_characters() -> None:
    assert terms("東京都 ガス 水") == ["東京", "京都", "ガス", "水"]
    assert set(terms("京都")) <= set(terms("東京都に住む"))
    assert terms("안녕하세요") == ["안녕", "녕하", "하세", "세요"]


def test_a_letter_that_is_written_in_two_ways_is_one() -> None:
    assert terms("ﬁle") == terms("file")
    assert terms("e\u0301te") == terms("\u00e9te") == ["ete"]
    assert terms("\u30ab\u3099\u30b9") == terms("ガス"), "a mark that makes another letter stays"


@given(st.text())
def test_no_term_holds_a_blank_or_is_longer_than_the_longest(text: str) -> None:
    for term in terms(text):
        assert term and not set(term) & set(string.whitespace)
        assert len(term) <= 2 * LONGEST
    assert " ".join(terms(text)).split() == terms(text)


def test_a_passage_is_found_by_its_headings_and_title() -> None:
    document = Document(id="a", text="Body text", source="s", title="Guide")
    chunk = Chunk(ordinal=0, text="Body text", start=0, end=9, meta={"headings": "Setup > Install"})
    assert passage_terms(document, chunk) == "guid setup instal bodi text"
    inside = Chunk(ordinal=0, text="Body text", start=0, end=9, meta={"headings": "Guide > Install"})
    assert passage_terms(document, inside) == "guid instal bodi text"
