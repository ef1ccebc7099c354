"""`[store]`: where the documents are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, SecretStr, Tag

from citeward.settings.section import Section, by


class LanceDBSettings(Section):
    """The embedded store: a folder."""

    kind: Literal["lancedb"] = "lancedb"
    path: Path = Field(Path(".citeward/store"), description="the folder, relative to the project")


class WeaviateSettings(Section):
    """A Weaviate server or cluster."""

    kind: Literal["weaviate"] = "weaviate"
    url: str = Field("http://127.0.0.1:8080", description="address of its REST port; `embedded` starts a server here")
    grpc_port: int = Field(50051, ge=1, le=65535, description="port of its gRPC service, on the same host")
    grpc_host: str | None = Field(None, description="host of its gRPC service, where it is another")
    api_key: SecretStr | None = Field(None, description="sent as a bearer token; best set in the environment")
    collection: str = Field(
        "Citeward", pattern=r"^[A-Z][A-Za-z0-9]{0,100}$", description="prefix of the collections' names"
    )
    timeout: float = Field(30.0, gt=0, le=600, description="seconds that a query may take; a write may take thrice")
    skip_init_checks: bool = Field(False, description="connect without asking the server whether it is ready")
    replicas: int = Field(1, ge=1, le=32, description="replication factor of a collection made now")


StoreSettings: TypeAlias = Annotated[
    Annotated[LanceDBSettings, Tag("lancedb")] | Annotated[WeaviateSettings, Tag("weaviate")], by("kind", "lancedb")
]
"""Where the documents are."""
