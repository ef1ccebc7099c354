import warnings
from collections.abc import Iterator
from pathlib import Path

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as Record

from citeward.contracts.retrieval import Document
from citeward.ingest.langchain import documents_from
from citeward.ingest.load.skipped import Skipped


class Given(BaseLoader):
    """Brings what it was given; raises what is an error."""

    def __init__(self, *records: Record | Exception) -> None:
        self._records = records

    def lazy_load(self) -> Iterator[Record]:
        for record in self._records:
            if isinstance(record, Exception):
                raise record
            yield record


class Stubborn(Given):
    """Goes on after a failure, as a loader may that is no generator."""

    def lazy_load(self) -> Iterator[Record]:
        records = iter(self._records)

        class Going:
            def __iter__(self) -> Iterator[Record]:
                return self

            def __next__(self) -> Record:
                record = next(records)
                if isinstance(record, Exception):
                    raise record
                return record

        return Going()


def _record(text: str, **metadata: object) -> Record:
    return Record(page_content=text, metadata=metadata)


def _loaded(*records: Record | Exception, **more: bool) -> list[Document | Skipped]:
    return list(documents_from(Given(*records), **more))


def _ids(*records: Record) -> list[str]:
    return [one.id for one in _loaded(*records)]


def test_a_community_loader_plugs_in(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.document_loaders import CSVLoader, TextLoader

    (tmp_path / "a.csv").write_text("name,age\nAda,36\nBob,40\n")
    (tmp_path / "a.txt").write_text("It rains.")
    rows = list(documents_from(CSVLoader(tmp_path / "a.csv")))
    assert [one.id for one in rows] == [f"{tmp_path}/a.csv#row=0", f"{tmp_path}/a.csv#row=1"]
    assert isinstance(rows[0], Document) and rows[0].text == "name: Ada\nage: 36"
    (text,) = documents_from(TextLoader(tmp_path / "a.txt"))
    assert isinstance(text, Document) and (text.id, text.source, text.text) == (
        f"{tmp_path}/a.txt", f"{tmp_path}/a.txt", "It rains."
    )  # fmt: skip
    (missing,) = documents_from(TextLoader(tmp_path / "missing.txt"))
    assert isinstance(missing, Skipped) and "missing.txt" in missing.reason


def test_ids_come_from_the_record_its_place_or_its_text() -> None:
    assert _ids(Record(page_content="x", id="own", metadata={"source": "a"})) == ["own"]
    assert _ids(_record("x", source="a.pdf", page=0), _record("y", source="a.pdf", page=1)) == [
        "a.pdf#page=0",
        "a.pdf#page=1",
    ]
    first, second = _ids(_record("x", source="a"), _record("y", source="a"))
    assert (
        first == "a"
        and second.startswith("a#")
        and _ids(_record("x", source="a"), _record("y", source="a")) == [first, second]
    )
    one, other = _ids(_record("x"), _record("y"))
    assert one != other and one.startswith("Given#") and _ids(_record("y"), _record("x")) == [other, one]


def test_metadata_that_a_filter_can_compare_is_kept() -> None:
    (document,) = _loaded(
        _record("x", source="a", title="  The\ntitle ", year=2024, tags=["a"], nested={"b": 1}, none=None)
    )
    assert isinstance(document, Document)
    assert (document.title, dict(document.meta)) == ("The title", {"year": 2024, "tags": ("a",)})


def test_groups_in_metadata_are_taken_only_where_that_was_said() -> None:
    (refused,) = _loaded(_record("x", source="a", groups=["hr"]))
    assert isinstance(refused, Skipped) and not refused.keep and "groups" in refused.reason
    (taken,) = _loaded(_record("x", source="a", groups=["hr", "board"]), trust_groups=True)
    assert isinstance(taken, Document) and taken.groups == ("board", "hr")
    for odd in ([], {"a": 1}, [3], "", 7, None):
        (odd_one,) = _loaded(_record("x", source="a", groups=odd), trust_groups=True)
        assert isinstance(odd_one, Skipped), odd


def test_a_key_that_looks_like_groups_never_opens_a_record() -> None:
    for key in ("group", "Groups", "goups", "access_groups"):
        for trust in (False, True):
            (refused,) = _loaded(_record("x", source="a", **{key: ["hr"]}), trust_groups=trust)
            assert isinstance(refused, Skipped) and not refused.keep and repr(key) in refused.reason
    (taken,) = _loaded(_record("x", source="a", age_group="adults"), other_keys=("age_group",))
    assert isinstance(taken, Document)


def test_what_cannot_be_used_does_not_stop_the_rest() -> None:
    records = (_record("one", source="a"), _record("  ", source="b"), ValueError("broken"), _record("two", source="c"))
    assert [type(one) for one in _loaded(*records)] == [Document, Skipped, Skipped]
    went_on = list(documents_from(Stubborn(*records)))
    assert [type(one) for one in went_on] == [Document, Skipped, Skipped, Document]
    assert isinstance(went_on[2], Skipped) and went_on[2].reason == "the loader failed: ValueError: broken"


def test_a_loader_that_fails_for_ever_is_given_up() -> None:
    assert len(list(documents_from(Stubborn(*[OSError("down")] * 1000)))) == 100


def test_half_characters_are_replaced() -> None:
    (document,) = _loaded(_record("half \ud83d", source="s\ud83d"))
    assert isinstance(document, Document) and (document.text, document.source) == ("half ?", "s?")
