"""What `citeward doctor` says of documents that a store may have lost a part of."""

from dataclasses import dataclass, field

import pytest

from citeward.cli.doctor import State, _verified
from citeward.contracts.retrieval import Verifiable


@dataclass
class Forgetful:
    """A store with unverified documents, by tenant."""

    lost: dict[str, list[str]] = field(default_factory=dict)

    async def tenants(self) -> list[str]:
        return sorted(self.lost)

    async def unverified(self, *, tenant: str = "default") -> list[str]:
        return self.lost[tenant]

    async def verify(self, *, tenant: str = "default", dry_run: bool = False) -> list[str]:
        raise AssertionError("doctor looks for nothing, which may take long")


async def test_where_everything_is_verified_nothing_is_said() -> None:
    store = Forgetful({"default": [], "acme": []})
    assert isinstance(store, Verifiable)
    assert await _verified(store) == []


@pytest.mark.parametrize(
    ("tenant", "command"),
    [
        ("default", "`citeward index`"),
        ("acme", "`citeward index --tenant acme`"),
        ("it's a; tenant", "`citeward index --tenant 'it'\"'\"'s a; tenant'`"),
    ],
)
async def test_unverified_documents_are_counted_with_the_command_that_repairs_them(tenant: str, command: str) -> None:
    (finding,) = await _verified(Forgetful({"whole": [], tenant: [f"d{n}" for n in range(1_200)]}))
    assert finding.what == "unverified" and finding.state is State.MISSING
    assert finding.told.startswith(f"1,200 documents of tenant {tenant!r}") and "'d0'" in finding.told
    assert command in finding.hint
