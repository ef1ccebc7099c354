"""Documents and passages as objects of the collections, and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citeward.contracts.retrieval import Chunk, Document, MetaValue, Passage, StoredDocument, Vector, Vectors
from citeward.retrieval.analysis import passage_terms
from citeward.retrieval.terms import access_terms, meta_ranges, meta_terms
from citeward.retrieval.weaviate.names import key, object_id, range_property
from citeward.retrieval.weaviate.schema import BODY, HEAD, STATE, VERIFIED, WRITE

PASSAGE = ("reference", "text", "start", "end", "source", "title", "meta")
"""Properties that make a Passage."""
DOCUMENT = ("document_id", "version", "source", "title", "meta", "groups", "content_hash")
"""Properties of a head that make a Document, but for its text."""
LISTED = ("kind", "document_id", "content_hash", "source", "passages")
"""Properties of a head that make a StoredDocument."""
STATE_ID = object_id(STATE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One object to write."""

    id: str
    properties: Mapping[str, Any]
    vector: Vector | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes in a request."""
        texts = sum(len(value) for value in self.properties.values() if isinstance(value, str))
        return 500 + 2 * texts + 4 * len(self.vector if self.vector is not None else ())


@dataclass(frozen=True, kw_only=True)
class Note:
    """A write under way, or one that was stopped."""

    id: str
    documents: tuple[str, ...]
    sizes: Mapping[str, int]
    """The versions that it stages or deletes, each with the number of its passages."""
    lease: float
    """Seconds that it may take."""
    age: float = 0.0
    """Seconds before the newest note, by the server's clock."""

    @property
    def dead(self) -> bool:
        """Whoever wrote it has given up, or is not there any more."""
        return self.age >= 2 * self.lease


def passage_id(version: str, ordinal: int) -> str:
    """Id of a passage's object."""
    return object_id("passage", version, ordinal)


def reference(version: str, document_id: str, ordinal: int) -> str:
    """All that a search needs to know of a passage to rank it, in one property: it reads hundreds."""
    return f"{version} {document_id}#{ordinal}"


def referred(text: str) -> tuple[str, str]:
    """The version and the passage's id in a reference."""
    version, _, passage = text.partition(" ")
    return version, passage


def document_of(passage: str) -> str:
    """The document that a passage's id names."""
    return passage.rpartition("#")[0]


def body_id(version: str) -> str:
    """Id of a body's object."""
    return object_id(BODY, version)


def head_id(document_id: str) -> str:
    """Id of a head's object."""
    return object_id(HEAD, document_id)


def passage_rows(
    document: Document, chunks: Sequence[Chunk], vectors: Vectors, version: str, *, embedded: bool
) -> list[Row]:
    """A document's passages; `vectors` is float32[len(chunks), d], left out where not `embedded`."""
    shared = {
        "document_id_key": key(document.id),
        "source": document.source,
        "source_key": key(document.source),
        "title": document.title,
        "title_key": key(document.title),
        "access": [key(term) for term in access_terms(document.groups)],
        "version": version,
    }
    rows = []
    for number, chunk in enumerate(chunks):
        meta = {**document.meta, **chunk.meta}
        own: dict[str, Any] = {
            "reference": reference(version, document.id, chunk.ordinal),
            "text": chunk.text,
            "words": passage_terms(document, chunk),
            "start": chunk.start,
            "end": chunk.end,
            "meta": json.dumps(meta),
            "terms": meta_terms(meta),
            **_ranges(meta),
        }
        if chunk.tokens:
            own["tokens"] = base64.b64encode(chunk.tokens).decode()
        vector = vectors[number] if embedded else None
        rows.append(Row(id=passage_id(version, chunk.ordinal), properties=shared | own, vector=vector))
    return rows


def body_row(document: Document, version: str, passages: int) -> Row:
    """A version's whole text."""
    properties = {
        "kind": BODY,
        "document_id": document.id,
        "document_id_key": key(document.id),
        "version": version,
        "text": document.text,
        "passages": passages,
    }
    return Row(id=body_id(version), properties=properties)


def head_row(document: Document, passages: int, version: str, *, verified: bool) -> Row:
    """What makes a version the one that counts; `verified` where its passages were found after they were written."""
    properties = {
        "kind": HEAD,
        "document_id": document.id,
        "version": version,
        "source": document.source,
        "title": document.title,
        "meta": json.dumps(dict(document.meta)),
        "groups": list(document.groups),
        "content_hash": document.content_hash,
        "passages": passages,
        VERIFIED: verified,
    }
    return Row(id=head_id(document.id), properties=properties)


def state_row(tenant: str, generation: str) -> Row:
    """The tenant's name in full, and what changes with every write."""
    return Row(id=STATE_ID, properties={"kind": STATE, "tenant": tenant, "generation": generation})


def note_row(note: Note) -> Row:
    """A note; one of the same id replaces it."""
    properties = {
        "kind": WRITE,
        "documents": list(note.documents),
        "versions": list(note.sizes),
        "sizes": list(note.sizes.values()),
        "lease": note.lease,
    }
    return Row(id=note.id, properties=properties)


def range_properties(document: Document, chunks: Sequence[Chunk]) -> set[str]:
    """The properties for comparisons by order that these passages need."""
    return {name for chunk in chunks for name in _ranges({**document.meta, **chunk.meta})}


def passage(properties: Mapping[str, Any]) -> Passage:
    """A passage as it was stored."""
    _, name = referred(properties["reference"])
    return Passage(
        id=name,
        document_id=document_of(name),
        text=properties["text"],
        start=int(properties["start"]),
        end=int(properties["end"]),
        source=properties["source"],
        title=properties["title"],
        meta=_meta(properties["meta"]),
    )


def document(head: Mapping[str, Any], text: str) -> Document:
    """A document as it was stored."""
    return Document(
        id=head["document_id"],
        text=text,
        source=head["source"],
        title=head["title"],
        meta=_meta(head["meta"]),
        groups=tuple(head["groups"] or ()),
        content_hash=head["content_hash"],
    )


def listed(head: Mapping[str, Any]) -> StoredDocument:
    """A head with the properties LISTED."""
    return StoredDocument(
        id=head["document_id"],
        content_hash=head["content_hash"],
        source=head["source"],
        passages=int(head["passages"]),
    )


def _ranges(meta: Mapping[str, MetaValue]) -> dict[str, float | str]:
    return {
        range_property(name): key(value) if isinstance(value, str) else value
        for name, value in meta_ranges(meta).items()
    }


def _meta(text: str) -> dict[str, MetaValue]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}
