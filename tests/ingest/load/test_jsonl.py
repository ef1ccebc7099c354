import orjson
import pytest

from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped, jsonl
from citeward.settings import IndexSettings, LimitSettings


def lines(*records: object) -> bytes:
    return b"\n".join(record if isinstance(record, bytes) else orjson.dumps(record) for record in records)


def test_each_line_is_a_document(reading) -> None:
    record = {"id": 7, "text": "T", "title": "Seven", "source": "https://a/7", "meta": {"n": 1}, "groups": ["hr"]}
    first, second = reading("d/a.jsonl", b"\xef\xbb\xbf" + lines(record, b"", {"id": "x/y", "text": "U", "more": 1}))
    assert first == Document(
        id="d/a.jsonl/7", text="T", source="https://a/7", title="Seven", meta={"n": 1}, groups=("hr",)
    )
    assert (second.id, second.source, second.title, second.groups) == ("d/a.jsonl/x/y", "d/a.jsonl/x/y", "y", ())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON: unexpected end of data"),
        (b"[1]", "a list, not an object"),
        (b'{"text": "x"}', "id is None: it must be a text of one line, or a number"),
        (b'{"id": true, "text": "x"}', "id is True: it must be"),
        (b'{"id": " ", "text": "x"}', "id is ' ': it must be"),
        (b'{"id": "a\\nb", "text": "x"}', "id is 'a\\nb': it must be"),
        (b'{"id": "ok", "text": "x"}', "the id 'ok' stands on line 1 already"),
        (b'{"id": "\\ud800", "text": "x"}', "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_a_bad_line_is_skipped_with_its_place_and_keeps_what_stood_there(reading, line: bytes, reason: str) -> None:
    good, skipped, after = reading("a.jsonl", lines({"id": "ok", "text": "x"}, line, {"id": "b", "text": "y"}))
    assert isinstance(good, Document) and isinstance(after, Document) and isinstance(skipped, Skipped)
    assert skipped.reason.startswith(reason)
    assert (skipped.id, skipped.source, skipped.keep) == ("a.jsonl", "a.jsonl:2", True)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("text", None, "text is None: it must be text"),
        ("text", " ", "empty"),
        ("title", 7, "title is 7: it must be text"),
        ("meta", [1], "meta is [1]: it must be an object"),
    ],
)
def test_a_bad_field_is_skipped_under_the_documents_own_id(reading, field: str, value: object, reason: str) -> None:
    (skipped,) = reading("a.jsonl", lines({"id": "b", "text": "x", field: value}))
    assert (skipped.id, skipped.source, skipped.reason, skipped.keep) == ("a.jsonl/b", "a.jsonl:1", reason, True)


@pytest.mark.parametrize(
    "groups",
    [
        {"groups": []},
        {"groups": None},
        {"Group": 1},
        {"groups": ["a"], "GROUPS": ["b"]},
        {"goups": ["hr"]},
        {"access_groups": ["hr"]},
        {"gro\u200bups": ["hr"]},
        {"meta": {"groups": ["hr"]}},
        {"metadata": {"groups": ["hr"]}},
        {"access": {"groups": ["hr"]}},
    ],
)
def test_a_slip_about_groups_bars_the_document(reading, groups: dict[str, object]) -> None:
    (skipped,) = reading("a.jsonl", lines({"id": "b", "text": "x", **groups}))
    assert (skipped.id, skipped.keep) == ("a.jsonl/b", False)


def test_a_key_that_stands_twice_bars_the_document(reading) -> None:
    for line in (
        '{"id": "b", "text": "x", "groups": ["hr"], "groups": ["all"]}',
        '{"id":"b","text":"x","groups":["hr"],"\\u0067roups":["all"]}',
    ):
        (skipped,) = reading("a.jsonl", line)
        assert (skipped.id, skipped.keep) == ("a.jsonl/b", False) and "groups twice" in skipped.reason


def test_a_value_without_end_is_named_in_a_few_words(reading) -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    found = reading(
        "a.jsonl",
        lines({"id": "a", "text": [1] * 100_000}, {"id": "b", "text": "x", "meta": deep}, {"id": "c", "text": "x"}),
    )
    assert [len(item.reason) < 200 for item in found[:2]] == [True, True]
    assert isinstance(found[2], Document)


def test_a_line_of_brackets_is_never_made_a_million_objects(reading) -> None:
    line = b'{"id": "a", "text": "x", "more": [' + b"[]," * 1_100_000 + b"1]}"
    skipped, after = reading("a.jsonl", lines(line, {"id": "b", "text": "y"}))
    assert skipped.reason == "more than 1,000,000 lists and objects"
    assert after.id == "a.jsonl/b"


def test_a_line_without_end_is_never_held(reading) -> None:
    settings = IndexSettings(limits=LimitSettings(text_bytes=1_000_000))
    long = {"id": "l", "text": "x" * 3_500_000}
    skipped, after = reading("a.jsonl", lines(long, {"id": "b", "text": "y"}), settings=settings)
    assert (skipped.source, skipped.reason) == ("a.jsonl:1", "longer than 1 MB")
    assert after.id == "a.jsonl/b"


def test_a_file_of_something_else_is_given_up(reading) -> None:
    found = reading("a.jsonl", b"no JSON\n" * 10_000)
    assert len(found) == jsonl.MOST_BAD_LINES + 1
    assert found[-1].reason == "100 bad lines; what follows is not read"
