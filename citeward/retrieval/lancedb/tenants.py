"""Tenants and the names of their tables.

A table is a folder, so its name must be safe on every file system, and must differ from every other tenant's even
where the file system ignores case: small letters and digits stand for themselves, everything else is escaped.
"""

from __future__ import annotations

import hashlib
import re

from citeward.retrieval.checks import check_tenant

_LONGEST = 200
_PLAIN = re.compile(r"[^a-z0-9-]")
_ESCAPED = re.compile(r"_([0-9a-f]+)\.")


def table_name(tenant: str) -> str:
    """The name of the tenant's table.

    A name that would be too long for a file system becomes its digest; the table's own metadata keeps it in full.

    Raises:
        InvalidInput: An empty name, or one that is not text.

    >>> table_name("acme"), table_name("../X")
    ('t_acme', 't__2e._2e._2f._58.')
    """
    check_tenant(tenant)
    name = "t_" + _PLAIN.sub(lambda match: f"_{ord(match[0]):x}.", tenant)
    return name if len(name) <= _LONGEST else "d_" + hashlib.sha256(tenant.encode()).hexdigest()


def tenant_name(table: str) -> str | None:
    """The tenant of a table; None where the name is a digest, and for a table that is not ours."""
    if not table.startswith("t_"):
        return None
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), table[2:])
