import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.guardrail import Origin
from citeward.evals.measure.pii import measure_pii
from citeward.guardrails.pii.guard import PiiGuard, PiiOptions
from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.ner import model
from citeward.guardrails.pii.ner.finder import ENTITIES, name_finder
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_guardrail, check_stream_guard

DATA = os.environ.get("CITEWARD_DATA")
pytestmark = pytest.mark.skipif(not model.installed(), reason="the extra `ner` is not installed")

find, names = finder(floor=0.4), name_finder(ENTITIES, floor=0.4)


def named(text):
    return [(finding.kind, text[finding.start : finding.end]) for finding in scan(text, find, names)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(
            (f"My name is {name} and I wait.", name)
            for name in (
                "Ada\u00a0Lovelace",
                "Jean\u2011Luc Picard",
                "A\u200bda Lovelace",
                "Ａｄａ Ｌｏｖｅｌａｃｅ",
                "Ada%20Lovelace",
            )
        ),
        ("Ich heiße Mia Keller.", "Mia Keller"),
        ("Me llamo Juan García.", "Juan García"),
        ("Mi chiamo Marco Rossi.", "Marco Rossi"),
        ("Меня зовут Иван Петров.", "Иван Петров"),
        ("我叫王伟，谢谢", "王伟"),
        ("私の名前は田中太郎です。", "田中太郎"),
        ("제 이름은 김철수입니다.", "김철수"),
    ],
)
def test_a_name_is_found_in_other_spellings_and_after_the_words_of_other_languages(text, name):
    assert ("PERSON", name) in named(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Barack Obama visited Berlin.", [("PERSON", "Barack Obama"), ("LOCATION", "Berlin")]),
        ("my name is ada lovelace", [("PERSON", "ada lovelace")]),
        ("Rebecca met a Norwegian in Spain.", [("PERSON", "Rebecca"), ("NRP", "Norwegian"), ("LOCATION", "Spain")]),
        ("Grace Hopper\n\n12 Elm Street\nBoston", [("PERSON", "Grace Hopper"), ("LOCATION", "12 Elm Street\nBoston")]),
        ("He works for Acme Widgets Inc.", [("ORGANIZATION", "Acme Widgets Inc.")]),
        ("Ask Ada Lovelace at ada@example.com.", [("PERSON", "Ada Lovelace"), ("EMAIL_ADDRESS", "ada@example.com")]),
        ("The cache holds what was answered.", []),
    ],
)
def test_names_and_places_are_found(text, found):
    assert named(text) == found


def test_a_name_is_told_by_the_sentence_before_it():
    assert named("What is your last name? Noether") == [("PERSON", "Noether")]


def test_only_what_is_asked_for_is_found_and_only_from_its_own_score_on():
    text = "Barack Obama visited Berlin."
    assert [one.kind for one in name_finder(["LOCATION"])(text)] == ["LOCATION"]
    assert [one.kind for one in name_finder(["PERSON", "LOCATION"], least={"PERSON": 0.95})(text)] == ["LOCATION"]


PARTS = st.lists(
    st.sampled_from(
        [
            "Barack Obama",
            "lives at",
            "12 Elm Street,",
            "Berlin.",
            "ada@example.com",
            "Dr. Meitner",
            "said:",
            "\n\n",
            "on Monday",
            "My name is",
            "Grete Hermann!",
            "4111 1111 1111 1111",
            "and then we all went",
            "x" * 60,
        ]
    ),
    max_size=14,
).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(PARTS, st.lists(st.integers(min_value=0, max_value=400), max_size=4))
def test_every_split_gives_the_same_text_and_findings(text, cuts):
    check_stream_guard(lambda: SpanGuard(find, Thresholds(modify=0.4), names=names), text, cuts)


@settings(max_examples=15, deadline=None)
@given(PARTS)
def test_the_stream_finds_what_the_whole_text_holds_and_lets_none_of_it_out(text):
    stream = SpanGuard(find, Thresholds(modify=0.4), names=names)
    out = "".join([*map(stream.feed, text), stream.close()])
    findings = scan(text, find, names)
    assert stream.findings == findings
    kept = [
        text[a:b]
        for a, b in zip([0, *(f.end for f in findings)], [*(f.start for f in findings), len(text)], strict=True)
    ]
    for piece in kept:
        assert out.startswith(piece)
        out = out.removeprefix(piece)
        out = out[out.index("]") + 1 :] if out.startswith("[") else out
    assert out == ""


async def test_with_names_it_is_still_a_guardrail():
    guard = PiiGuard({Origin.USER: Thresholds(modify=0.4)}, PiiOptions(entities=("all",)))
    await check_guardrail(guard, texts=["Barack Obama, 12 Elm Street, Berlin. " * 20], origins=[Origin.USER])


@pytest.fixture
def synthetic(tmp_path):
    """A third of the public texts, as `citeward measure pii` takes them."""
    if not DATA:
        pytest.skip("CITEWARD_DATA names no folder of evaluation data")
    items = json.loads(Path(DATA, "pii", "presidio_synth_v2.json").read_text(encoding="utf-8"))
    path = tmp_path / "pii.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for item in items[::3]:
            spans = [
                {"start": one["start_position"], "end": one["end_position"], "label": one["entity_type"]}
                for one in item["spans"]
            ]
            lines.write(json.dumps({"text": item["full_text"], "spans": spans}) + "\n")
    return path


async def test_most_personal_data_of_synthetic_texts_is_found(synthetic):
    guard = PiiGuard({Origin.USER: Thresholds(modify=0.4)}, PiiOptions(entities=("all",)))
    found = (await measure_pii(synthetic, guard=guard)).metrics
    assert found["f2"].value >= 0.82
    for kind in ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "PHONE_NUMBER", "US_SSN"):
        assert found[f"{kind}.f1"].value >= 0.95, kind
