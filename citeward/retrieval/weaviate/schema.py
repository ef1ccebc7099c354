"""The collections of a space: passages with their vectors, and documents with what is known of each.

Passages are staged before they count. What counts is the document's *head*, one small object that names the version
whose passages are to be found; so a document changes by one write. Beside heads, the documents' collection holds each
version's whole text (*body*), the tenant's *state*, and a note of every *write* under way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from citeward.errors import StoreCorrupt, StoreError
from citeward.retrieval.weaviate.names import documents_name, space_name

FORMAT = 1
"""Of the collections; raised when an older Citeward could not read them."""
HEAD, BODY, STATE, WRITE = "head", "body", "state", "write"
"""What an object of the documents' collection is, in its property `kind`."""
VERIFIED = "verified"
"""Property of a head: its passages were found after they were written. Collections of an older Citeward lack it."""
_TEXT_KEYS = ("document_id_key", "source_key", "title_key", "version")
_TEXTS = ("reference", "source", "title", "text", "meta")


@dataclass(frozen=True, kw_only=True)
class Space:
    """What one embedder's vectors are kept in."""

    prefix: str
    embedder: str | None
    """None for a space that is searched by keyword only."""
    dimensions: int | None

    @property
    def passages(self) -> str:
        """Name of the collection of passages."""
        return space_name(self.prefix, self.embedder, self.dimensions)

    @property
    def documents(self) -> str:
        """Name of the collection of documents."""
        return documents_name(self.passages)

    @property
    def description(self) -> str:
        """What the collection of passages says of itself, and so whose vectors it holds."""
        return json.dumps({"citeward": FORMAT, "embedder": self.embedder, "dimensions": self.dimensions})


def described(prefix: str, name: str, description: str | None) -> Space:
    """The space that a collection of passages describes.

    Raises:
        StoreError: A newer Citeward made it.
        StoreCorrupt: It does not say what it is.
    """
    try:
        values = json.loads(description or "")
        made, embedder, dimensions = values["citeward"], values["embedder"], values["dimensions"]
    except (ValueError, KeyError, TypeError):
        made = embedder = dimensions = None
    if isinstance(made, int) and made > FORMAT:
        raise StoreError(f"the collection {name!r} has format {made!r}; this Citeward reads {FORMAT!r}", hint="upgrade")
    space = Space(prefix=prefix, embedder=embedder, dimensions=dimensions)
    if made is None or space.passages != name:
        raise StoreCorrupt(
            f"the collection {name!r} does not say what it holds", hint="delete it and run `citeward index` again"
        )
    return space


async def make(client: Any, space: Space, replicas: int) -> None:
    """Make the collections of a space where they are not there; bring older ones up to date.

    The collection of passages comes last: where it is, the other is.

    Raises:
        StoreError: A newer Citeward made them.
        StoreCorrupt: Something else has their name.
    """
    for name, properties, vectors in (
        (space.documents, _document_properties(), False),
        (space.passages, _passage_properties(), space.embedder is not None),
    ):
        if not await client.collections.exists(name):
            await _create(client, name, space.description, properties, vectors=vectors, replicas=replicas)
        # Also what was created just now: another process, or an attempt of ours whose answer was lost, may have been
        # first, and what counts is whether the collection is the one that is wanted.
        collection = client.collections.use(name)
        described(space.prefix, space.passages, (await collection.config.get(simple=True)).description)
        await _migrate(collection, properties)


async def make_documents(client: Any, space: Space) -> None:
    """Bring the collection of documents of an older Citeward up to date."""
    await _migrate(client.collections.use(space.documents), _document_properties())


async def add_ranges(passages: Any, names: Iterable[str]) -> None:
    """Add properties for comparisons by order; a name that begins with `n` is for numbers."""
    await _migrate(passages, [_range(name) for name in names])


async def property_names(passages: Any) -> frozenset[str]:
    """Names of all properties that a collection has."""
    return frozenset(one.name for one in (await passages.config.get(simple=True)).properties)


def exists_already(error: Exception) -> bool:
    """Whether a creation failed because another process was first, or an earlier attempt whose answer was lost."""
    return "already exist" in str(error).lower()


async def _create(
    client: Any, name: str, description: str, properties: list[Any], *, vectors: bool, replicas: int
) -> None:
    from weaviate.classes.config import Configure, StopwordsPreset, VectorDistances
    from weaviate.exceptions import UnexpectedStatusCodeError

    if vectors:
        # Said aloud, for a server may compress what does not say; and then similarities would be rough.
        exact = Configure.VectorIndex.Quantizer.none()
        index = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
        kept = Configure.Vectors.self_provided(vector_index_config=index, quantizer=exact)
    else:
        kept = Configure.Vectors.self_provided(vector_index_config=Configure.VectorIndex.none())
    try:
        await client.collections.create(
            name,
            description=description,
            properties=properties,
            vector_config=kept,
            inverted_index_config=Configure.inverted_index(
                bm25_k1=1.2, bm25_b=0.75, stopwords_preset=StopwordsPreset.NONE
            ),
            multi_tenancy_config=Configure.multi_tenancy(
                enabled=True, auto_tenant_creation=True, auto_tenant_activation=True
            ),
            replication_config=Configure.replication(factor=replicas),
        )
    except UnexpectedStatusCodeError as error:
        if not exists_already(error):
            raise


async def _migrate(collection: Any, properties: list[Any]) -> None:
    from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInvalidInputError

    there = await property_names(collection)
    for one in properties:
        if one.name not in there:
            try:
                await collection.config.add_property(one)
            except (UnexpectedStatusCodeError, WeaviateInvalidInputError) as error:
                if not exists_already(error):
                    raise


def _passage_properties() -> list[Any]:
    from weaviate.classes.config import DataType, Property, Tokenization

    words = Property(
        name="words",
        data_type=DataType.TEXT,
        tokenization=Tokenization.WHITESPACE,
        index_searchable=True,
        index_filterable=False,
    )
    kept = [_kept(name) for name in _TEXTS] + [_kept(name, "INT") for name in ("start", "end")]
    return [
        words,
        *(_whole(name) for name in _TEXT_KEYS),
        *(_whole(name, "TEXT_ARRAY") for name in ("terms", "access")),
        *kept,
        _kept("tokens", "BLOB"),
    ]


def _document_properties() -> list[Any]:
    texts = ("document_id", "version", "source", "title", "text", "meta", "content_hash", "generation", "tenant")
    return [
        _whole("kind"),
        _whole("document_id_key"),
        *(_kept(name) for name in texts),
        *(_kept(name, "TEXT_ARRAY") for name in ("groups", "documents", "versions")),
        _kept("passages", "INT"),
        _kept("sizes", "INT_ARRAY"),
        _kept("lease", "NUMBER"),
        _kept(VERIFIED, "BOOL"),
    ]


def _whole(name: str, kind: str = "TEXT") -> Any:
    """A text, or several, that filters compare as a whole."""
    from weaviate.classes.config import DataType, Property, Tokenization

    return Property(
        name=name,
        data_type=DataType[kind],
        tokenization=Tokenization.FIELD,
        index_filterable=True,
        index_searchable=False,
    )


def _kept(name: str, kind: str = "TEXT") -> Any:
    """A value that is only given back."""
    from weaviate.classes.config import DataType, Property

    searchable = False if kind.startswith("TEXT") else None
    return Property(name=name, data_type=DataType[kind], index_filterable=False, index_searchable=searchable)


def _range(name: str) -> Any:
    from weaviate.classes.config import DataType, Property

    if name.startswith("n"):
        return Property(name=name, data_type=DataType.NUMBER, index_filterable=False, index_range_filters=True)
    return _whole(name)
