"""`[index]`: how documents are read and cut, and who may read them."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field, field_validator

from citeward.settings.section import Section


class LimitSettings(Section):
    """What reading one file may take. A file that meets a limit is skipped with the reason."""

    text_bytes: int = Field(20_000_000, ge=1, description="bytes of a text file, a fetched page, a JSON line")
    html_bytes: int = Field(10_000_000, ge=1, description="bytes of an HTML page")
    file_bytes: int = Field(200_000_000, ge=1, description="bytes of a PDF or DOCX file")
    unpacked_bytes: int = Field(100_000_000, ge=1, description="bytes of XML that a DOCX file may unpack to")
    expansion: int = Field(100, ge=1, description="times its own size that a DOCX file may unpack to; 5 MB are free")
    part_bytes: int = Field(20_000_000, ge=1, description="bytes of XML that one part of a DOCX file may unpack to")
    characters: int = Field(20_000_000, ge=1, description="characters of text that a file may give")
    seconds: float = Field(60.0, gt=0, le=86_400, description="seconds that parsing a file may take")
    memory: int = Field(
        1_000_000_000, ge=50_000_000, description="bytes of memory that parsing a file may take; enforced on Linux"
    )


class WebSettings(Section):
    """Which pages of a `.urls` list may be fetched, and how."""

    private_hosts: tuple[str, ...] = Field(
        (), description="hosts, addresses and networks (10.0.0.0/8) that may be fetched although they are not public"
    )
    redirect_hosts: tuple[str, ...] = Field(
        (), description="hosts that a redirect may lead to, besides those that the list itself names"
    )
    proxy: str | None = Field(
        None, description="address of an HTTP proxy that fetches the pages; it looks the names up itself"
    )
    page_bytes: int = Field(20_000_000, ge=1, description="bytes of one page, unpacked")
    seconds: float = Field(60.0, gt=0, le=3600, description="seconds that one page may take, redirects included")
    redirects: int = Field(5, ge=0, le=20, description="redirects that are followed")

    @field_validator("private_hosts")
    @classmethod
    def _networks(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if "/" in host:
                ipaddress.ip_network(host)  # raises ValueError, which names it
        return tuple(host.strip().lower() for host in hosts)

    @field_validator("redirect_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if bad := [host for host in hosts if "/" in host or not host.strip()]:
            raise ValueError(f"{bad[0]!r} is not a host: write it as www.example.com, or www.example.com:8443")
        return tuple(host.strip().lower() for host in hosts)


class IndexSettings(Section):
    """How documents are read and cut, and who may read them."""

    chunker: Literal["markdown", "recursive", "sentence"] = Field(
        "markdown", description="`markdown` cuts by headings and leaves code whole; other files are cut by paragraphs"
    )
    max_tokens: int = Field(220, ge=40, le=2000, description="largest passage, in tokens")
    min_tokens: int = Field(40, ge=1, le=1000, description="smaller neighbours of one section are merged")
    overlap: int = Field(0, ge=0, le=200, description="tokens repeated from the passage before")
    groups: dict[str, tuple[str, ...]] = Field(
        {}, description="who may read what: glob of document ids to groups; every glob that matches counts"
    )
    other_keys: tuple[str, ...] = Field(
        (), description="front matter keys, such as `age_group`, that look like `groups` and mean something else"
    )
    outside_links: bool = Field(False, description="follow symbolic links to files outside the folder that is indexed")
    limits: LimitSettings = LimitSettings()
    web: WebSettings = WebSettings()
