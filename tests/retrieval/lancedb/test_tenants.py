import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import InvalidInput
from citeward.retrieval.lancedb.tenants import table_name, tenant_name

names = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.text("aA/._-é\n", min_size=1, max_size=12),
)


@given(names)
def test_every_name_is_safe_and_short(tenant):
    assert re.fullmatch(r"[td]_[a-z0-9._-]+", table_name(tenant))
    assert len(table_name(tenant)) <= 200


@given(names)
def test_a_table_gives_its_tenant_back(tenant):
    table = table_name(tenant)
    assert tenant_name(table) == (tenant if table.startswith("t_") else None)


@given(names, names)
def test_two_tenants_never_share_a_table(one, other):
    assert (table_name(one) == table_name(other)) == (one == other)


@pytest.mark.parametrize("tenant", ["", "half \ud800"])
def test_what_is_no_name_is_refused(tenant):
    with pytest.raises(InvalidInput):
        table_name(tenant)


def test_a_table_of_someone_else_has_no_tenant():
    assert tenant_name("orders") is None
