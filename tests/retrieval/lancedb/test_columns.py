import json
import re
from pathlib import Path

import lancedb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.retrieval import And, Not, Or, Where
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.columns import MOST, Ordered, column_name, loose_term, missing, ordered_keys
from citeward.retrieval.lancedb.space import Space
from citeward.retrieval.lancedb.where import where
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

EMBEDDER = HashEmbedder()
SPACE = Space(embedder="hash", dimensions=64)
keys = st.builds("{}:{}".format, st.sampled_from("ns"), st.text(st.characters(exclude_categories=["Cs"]), max_size=80))


def store_in(folder: Path) -> LanceStore:
    return LanceStore(folder, embedder="hash", dimensions=64)


async def table_of(folder: Path) -> lancedb.AsyncTable:
    return await (await lancedb.connect_async(folder / SPACE.folder)).open_table("t_default")


@settings(deadline=None)
@given(keys)
def test_every_name_needs_no_quotes_in_sql(key: str) -> None:
    assert re.fullmatch(r"[ns]d?_[a-z0-9_]{0,100}", column_name(key))


@settings(deadline=None)
@given(keys, keys)
def test_two_keys_never_share_a_column(one: str, other: str) -> None:
    assert (column_name(one) == column_name(other)) == (one == other)


def test_numbers_come_first_and_long_texts_never() -> None:
    rows: list[dict[str, float | str]] = [
        {"s:date": "2026", "s:abstract": "x" * 65, "n:year": 1.0},
        {"s:abstract": "x"},
    ]
    assert missing(rows, ()) == ["n_year", "s_date"]
    assert missing(rows, ("n_year",)) == ["s_date"]
    assert missing(rows, [f"n_{number}" for number in range(MOST - 1)]) == ["n_year"]
    assert missing(rows, [f"n_{number}" for number in range(MOST + 1)]) == []


def test_the_keys_of_a_filter_are_those_compared_by_order() -> None:
    filters = Or(
        clauses=(
            And(clauses=(Where(field="a", op="gt", value=1), Where(field="b", op="eq", value=1))),
            Not(clause=Where(field="c", op="lte", value="x")),
            Where(field="title", op="lt", value="x"),
        )
    )
    assert ordered_keys(filters) == {"n:a", "s:c"} and ordered_keys(None) == set()


def test_json_is_decoded_only_where_no_column_holds_the_value() -> None:
    older = Where(field="year", op="lt", value=2020)
    assert "json" in (where(older, None) or "")
    assert where(older, None, Ordered(names=("s_x", "n_year"))) == "((n_year IS NOT NULL AND n_year < 2020.0))"
    mixed = where(older, None, Ordered(names=("n_year",), mixed=frozenset({"n:year"}))) or ""
    assert "n_year < 2020.0" in mixed and "json_get_float" in mixed


async def test_a_key_gets_its_column_with_its_first_row(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox"))
        await fill(store, EMBEDDER, sample("b", "fox", meta={"year": 2020, "date": "2020-01-01", "flag": True}))
        await fill(store, EMBEDDER, sample("c", "fox", meta={"year": 2021}))
        assert [name for name in (await (await table_of(tmp_path)).schema()).names if name[1] == "_"] == [
            "n_year",
            "s_date",
        ]
        for year, expected in ((2020, {"b", "c"}), (2021, {"c"}), (2022, set())):
            assert (
                set(await found(store, EMBEDDER, "fox", filters=Where(field="year", op="gte", value=year))) == expected
            )
        await fill(store, EMBEDDER, sample("c", "fox"))
        assert await found(store, EMBEDDER, "fox", filters=Where(field="year", op="gt", value=0)) == ["b"]


async def test_keys_past_the_most_are_still_compared(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox", meta={f"k{number:03}": number for number in range(MOST + 5)}))
        names = (await (await table_of(tmp_path)).schema()).names
        assert sum(name.startswith("n_") for name in names) == MOST
        for number in (0, MOST - 1, MOST, MOST + 4):
            for op, expected in (("gte", ["a"]), ("gt", [])):
                filters = Where(field=f"k{number:03}", op=op, value=number)  # type: ignore[arg-type]
                assert await found(store, EMBEDDER, "fox", filters=filters) == expected, filters


async def test_a_row_written_without_a_column_that_another_process_added_is_found_by_its_own_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store_in(tmp_path) as store, store_in(tmp_path) as other:
        await fill(store, EMBEDDER, sample("new", "fox"), sample("kept", "fox"))
        await fill(other, EMBEDDER, sample("kept", "fox", meta={"year": 2030}))
        # A writer that saw the table before the column was there:
        monkeypatch.setattr("citeward.retrieval.lancedb.writing.missing", lambda *_: [])
        monkeypatch.setattr("citeward.retrieval.lancedb.writing.column_names", lambda _: ())
        await fill(
            store, EMBEDDER, sample("new", "fox", meta={"year": 2020}), sample("kept", "fox", meta={"year": 2010})
        )
        monkeypatch.undo()
        for reader in (store, other):
            for year, expected in ((2025, set()), (2015, {"new"}), (2005, {"new", "kept"})):
                later = Where(field="year", op="gt", value=year)
                assert set(await found(reader, EMBEDDER, "fox", filters=later)) == expected, year
        await fill(store, EMBEDDER, sample("kept", "fox"))
        assert await found(other, EMBEDDER, "fox", filters=Where(field="year", op="gt", value=0)) == ["new"]


def test_no_value_has_the_term_of_a_loose_one() -> None:
    assert len(json.loads(loose_term("n:year"))) == 2
