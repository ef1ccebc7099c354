"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a run is for; made from the server's authentication, never from a request's body.

    The one filter for documents, cache, threads, prompts and tools is derived from it.
    """

    tenant: str = "default"
    """Whose data this is; no search ever crosses tenants."""
    subject: str = "anonymous"
    """The person or service that asks."""
    groups: tuple[str, ...] = ()
    """Groups whose documents the subject may read, beside those that anyone in the tenant may."""
