import pytest

from citeward.guardrails.pii.ner.places import places
from citeward.text.sentences import Span


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She moved to 221B Baker Street last year.", ["221B Baker Street"]),
        (
            "Send it to 1600 Pine Avenue, Apt. 4, Springfield, IL 62704 today",
            ["1600 Pine Avenue, Apt. 4, Springfield, IL 62704"],
        ),
        ("Die Praxis: Lindenstraße 12, 10969 Berlin.", ["Lindenstraße 12, 10969 Berlin"]),
        ("au 36 rue de Rivoli 75001 Paris", ["36 rue de Rivoli 75001 Paris"]),
        ("Rua do Carmo 15, Lisboa", ["Rua do Carmo 15, Lisboa"]),
        ("PSC 1234, Box 5678\nAPO AE 09123", ["PSC 1234, Box 5678\nAPO AE 09123"]),
        ("at the corner of Elm Street and Oak", ["Elm Street and Oak"]),
        ("My postcode is SW1A 2AA.", ["SW1A 2AA"]),
        ("Deutschland and New Zealand met in North Dakota", ["Deutschland", "New Zealand", "North Dakota"]),
        ("On 3 May 2020 it took 12 GB 40", []),
        ("The next street is longer", []),
    ],
)
def test_an_address_is_one_place(text, found):
    assert [span.of(text) for span in places(text)] == found


def test_a_place_that_is_known_is_joined_to_the_address_before_it():
    text = "Am Marktplatz 7, 99423 Weimar"
    assert [s.of(text) for s in places(text, known=[Span(23, 29)])] == ["Am Marktplatz 7, 99423 Weimar"]


def test_an_address_does_not_reach_into_what_is_known_to_be_something_else():
    text = "12 Elm Street, Ada Lovelace wrote"
    assert [s.of(text) for s in places(text, stops=[Span(15, 27)])] == ["12 Elm Street"]
