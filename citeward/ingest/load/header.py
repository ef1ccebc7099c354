"""The YAML front matter of a Markdown text: its title, its plain values, and who may read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from citeward.contracts.retrieval import MetaValue
from citeward.errors import UnsupportedDocument
from citeward.ingest.blocks import front_matter
from citeward.ingest.load.access import named_groups
from citeward.ingest.load.meta import plain_meta

LONGEST = 20_000
"""Characters of front matter that are looked into."""
_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*\r?$", re.MULTILINE)
_GROUPS = re.compile(r"^[ \t]*[\"'?]?[ \t]*groups[\"']?[ \t]*[:=]", re.IGNORECASE | re.MULTILINE)
_UNCLOSED = re.compile(r"\s*(?:---|\+\+\+)[ \t]*\r?\n((?:[ \t]*[^\s].*\n?)*)")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the front matter says; empty where there is none."""

    end: int = 0
    """Where the text proper begins."""
    title: str = ""
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    groups: tuple[str, ...] | None = None
    barred: str = ""
    """Why it cannot be told who may read the document."""


def header(text: str) -> Header:
    """The front matter of a text.

    Where it is not valid YAML its values do not count, but the title does; where such a one names groups, it cannot
    be told which, and the document is barred: a slip there must not open it to everyone.
    """
    end = front_matter(text).end
    if end == 0:
        found = _UNCLOSED.match(text[:LONGEST])
        unread = found is not None and _GROUPS.search(found[1]) is not None
        return Header(barred="its front matter names groups but is not closed by ---" if unread else "")
    head = text[:end]
    title = _TITLE.search(head)
    values = _values(head)
    if values is None:
        barred = "its front matter names groups but cannot be read" if _GROUPS.search(head) else ""
        return Header(end=end, title=title[2] if title else "", barred=barred)
    try:
        groups = _groups(values)
    except UnsupportedDocument as error:
        return Header(end=end, barred=error.message)
    named = plain_meta({"name": next((v for k, v in values if k == "title"), None)}).get("name", "")
    return Header(end=end, title=str(named), meta=plain_meta(dict(values)), groups=groups)


def _groups(values: list[tuple[str, object]]) -> tuple[str, ...] | None:
    named = [value for key, value in values if key.lower() == "groups"]
    if len(named) > 1:
        raise UnsupportedDocument("its front matter names groups twice", hint="Leave one of the two.")
    return named_groups(named[0]) if named else None


def _values(head: str) -> list[tuple[str, object]] | None:
    """The fields with a text for a key, one given twice twice; None where the front matter is no YAML mapping."""
    lines = head.strip().splitlines()[1:-1]
    if len(head) > LONGEST:
        return None
    loader = yaml.SafeLoader("\n".join(lines))
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return [] if node is None else None
        loader.flatten_mapping(node)
        return [
            (str(key.value), loader.construct_object(value, deep=True))
            for key, value in node.value
            if isinstance(key, yaml.ScalarNode)
        ]
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError, AttributeError):
        return None  # PyYAML lets a date like 2024-13-45, and some other slips, out as what Python raises
    finally:
        loader.dispose()
