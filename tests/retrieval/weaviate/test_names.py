import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import InvalidInput, SettingsError
from citeward.retrieval.weaviate.names import (
    DOCUMENTS,
    TENANT_LONGEST,
    alias_name,
    check_prefix,
    key,
    object_id,
    range_property,
    space_name,
    tenant_name,
    tenant_of,
)
from citeward.testing.suites.retriever_samples import ODD_NAMES

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
SAFE = frozenset(string.ascii_lowercase + string.digits + "_")


@given(TEXT)
def test_a_tenant_is_called_what_the_server_takes_and_can_be_told_from_it(tenant: str) -> None:
    name = tenant_name(tenant)
    assert len(name) <= TENANT_LONGEST and set(name) <= SAFE
    assert tenant_of(name) == (tenant if name.startswith("t_") else None)


@given(TEXT, TEXT)
def test_two_tenants_never_share_a_name(one: str, other: str) -> None:
    assert (tenant_name(one) == tenant_name(other)) == (one == other)


def test_odd_names_stay_apart_as_tenants() -> None:
    assert len({tenant_name(name) for name in ODD_NAMES}) == len(ODD_NAMES)


def test_an_empty_tenant_is_refused() -> None:
    with pytest.raises(InvalidInput):
        tenant_name("")


@given(TEXT, TEXT)
def test_two_keys_never_share_a_property(one: str, other: str) -> None:
    names = {range_property(f"{kind}:{name}") for kind in "ns" for name in (one, other)}
    assert len(names) == 2 * len({one, other})
    assert all(set(name) <= SAFE and len(name) <= 230 for name in names)


@given(st.text(), st.text())
def test_keys_are_ordered_as_their_texts_are_and_end_in_no_blank(one: str, other: str) -> None:
    assert (key(one) < key(other)) == (one < other)
    assert key(one).strip() == key(one)


def test_each_embedder_has_a_space_of_its_own() -> None:
    spaces = [space_name("C", *kind) for kind in ((None, None), ("a", 3), ("a", 4), ("A", 3), ("ä", 3), ("x" * 300, 3))]
    assert len({name.lower() for name in spaces}) == len(spaces)
    assert all(name.startswith("C_") and len(name) < 200 and name.isascii() for name in spaces)
    assert not any(name.endswith(DOCUMENTS) or name == alias_name("C") for name in spaces)


@pytest.mark.parametrize("prefix", ["", "citeward", "A_b", "A-b", "A" * 102, "1A"])
def test_a_prefix_that_no_collection_can_have_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="hint: a capital letter"):
        check_prefix(prefix)


def test_an_object_is_called_after_what_it_is() -> None:
    assert object_id("passage", "v", 1) == object_id("passage", "v", 1)
    assert len({object_id("a", "b"), object_id("ab"), object_id("a", 1), object_id("a", "1")}) == 4
