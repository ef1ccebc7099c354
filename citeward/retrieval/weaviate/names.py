"""Names and ids in Weaviate for what may be called anything here.

Collections, tenants and properties become folders on the server, so their names must be safe on every file system and
differ even where it ignores case: small letters and digits stand for themselves, everything else is escaped, and what
would be too long becomes its digest.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid

from citeward.errors import SettingsError
from citeward.retrieval.checks import check_tenant

TENANT_LONGEST = 64
"""Characters that Weaviate takes for a tenant's name."""
DOCUMENTS = "_documents"
"""Ends the name of a collection of documents; one of passages ends in a digest."""
_PROPERTY_LONGEST = 120
_PREFIX = re.compile(r"[A-Z][A-Za-z0-9]{0,100}")
_PLAIN = re.compile(r"[^a-z0-9]")
_ESCAPED = re.compile(r"_([0-9a-f]+)_")
_NAMESPACE = uuid.UUID("6b1d3f0e-8f57-4f0c-9a55-0c4b1a3f7d21")


def check_prefix(prefix: str) -> str:
    """The prefix of the collections' names; SettingsError where Weaviate could not take it."""
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(
            f"collection {prefix!r} cannot be the beginning of a collection's name",
            hint="a capital letter, then letters and digits; 101 at most",
        )
    return prefix


def space_name(prefix: str, embedder: str | None, dimensions: int | None) -> str:
    """The collection that holds the passages of one embedder.

    >>> space_name("Citeward", "all-MiniLM-L6-v2", 384), space_name("Citeward", None, None)
    ('Citeward_all_minilm_l6_v2_384_c1e47689', 'Citeward_keyword_6d9695b0')
    """
    digest = hashlib.sha256(json.dumps([embedder, dimensions]).encode()).hexdigest()[:8]
    readable = "keyword" if embedder is None else f"{embedder}_{dimensions}"
    slug = re.sub(r"[^a-z0-9]+", "_", readable.lower())[:60].strip("_")
    return "_".join(filter(None, (prefix, slug, digest)))


def documents_name(space: str) -> str:
    """The collection that holds the documents of a space."""
    return space + DOCUMENTS


def alias_name(prefix: str) -> str:
    """The alias that says which space is current; no space is called so, for its name ends in a digest."""
    return f"{prefix}_current"


def tenant_name(tenant: str) -> str:
    """What a tenant is called on the server.

    Raises:
        InvalidInput: An empty name, or one that is not text.

    >>> tenant_name("acme"), tenant_name("../X")
    ('t_acme', 't__2e__2e__2f__58_')
    """
    check_tenant(tenant)
    name = "t_" + _escape(tenant)
    return name if len(name) <= TENANT_LONGEST else "d_" + _digest(tenant, TENANT_LONGEST - 2)


def tenant_of(name: str) -> str | None:
    """The tenant that is called so on the server; None where the name is a digest, or not ours."""
    if not name.startswith("t_"):
        return None
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name[2:])


def range_property(key: str) -> str:
    """The property for a key of `meta_ranges`, as `n:year` or `s:date`.

    >>> range_property("n:year"), range_property("s:Due date")
    ('n_year', 's__44_ue_20_date')
    """
    kind, rest = key.split(":", 1)
    name = f"{kind}_{_escape(rest)}"
    return name if len(name) <= _PROPERTY_LONGEST else f"{kind}d_{_digest(rest, 40)}"


def object_id(*parts: str | int) -> str:
    """The id of an object, made of what it is; the same parts give the same id.

    Source: RFC 9562, section 5.5 (UUID version 5).
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts, ensure_ascii=False)))


def key(text: str) -> str:
    """A text as it is indexed whole: Weaviate strips blanks, so none may stand at an end.

    The closing NUL sorts before every other character, so that keys are ordered as their texts are.
    """
    return f"={text}\0"


def _escape(text: str) -> str:
    return _PLAIN.sub(lambda match: f"_{ord(match[0]):x}_", text)


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
