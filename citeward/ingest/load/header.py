"""The YAML front matter of a Markdown text: its title, its plain values, and who may read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from citeward.contracts.retrieval import MetaValue
from citeward.errors import UnsupportedDocument
from citeward.ingest.blocks import front_matter
from citeward.ingest.load.access import named_groups
from citeward.ingest.load.group_keys import EXACT, means_groups
from citeward.ingest.load.meta import plain_meta
from citeward.ingest.load.preamble import lost_groups, lost_in

LONGEST = 20_000
"""Characters of front matter that are looked into."""


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


def header(text: str, other_keys: Collection[str] = ()) -> Header:
    """The front matter of a text.

    When it is not valid YAML its values do not count, but the title does. When anything at the head of the text seems
    to name groups and they cannot be read, the document is barred: a slip there must not open it to everyone.

    Args:
        text: The whole text.
        other_keys: Keys that look like `groups` and mean something else.
    """
    end = front_matter(text).end
    head = text[:end]
    fields = _fields(head) if end else {}
    if fields is None:
        return Header(end=end, title=_title_line(head), barred=unread(lost_in(head, other_keys, readable=False)))
    try:
        groups = _groups(fields, other_keys)
    except UnsupportedDocument as error:
        return Header(end=end, barred=error.message)
    lost = ""
    if groups is None:
        lost = lost_in(head, other_keys, readable=True) or lost_groups(text[end:], other_keys)
    title = plain_meta({"name": fields.get("title")}).get("name", "")
    return Header(end=end, title=str(title), meta=plain_meta(fields), groups=groups, barred=unread(lost))


def unread(key: str) -> str:
    """The reason not to index a text with groups that cannot be read, named by its key; nothing for no key."""
    if not key:
        return ""
    return (
        f"its head has the key {key[:80]!r}, which seems to name groups and cannot be read: "
        f"write `groups: [NAME]` in YAML front matter at its very beginning"
    )


def _groups(fields: Mapping[str, object], other_keys: Collection[str]) -> tuple[str, ...] | None:
    """The groups that the fields name.

    Raises:
        UnsupportedDocument: They cannot be told.
    """
    named = [
        path
        for path, key in _keys(fields).items()
        if means_groups(key) and key not in other_keys and path not in other_keys
    ]
    if len(named) > 1:
        raise UnsupportedDocument(
            f"its front matter names groups twice: {named[0]!r} and {named[1]!r}", hint="Leave one of the two."
        )
    if not named:
        return None
    if named[0].lower() != EXACT:
        raise UnsupportedDocument(
            f"its front matter has the key {named[0][:80]!r}, which looks like `groups` and is not",
            hint="Write `groups`, or name the key in other_keys under [index] when it means something else.",
        )
    return named_groups(fields[named[0]])


def _keys(values: object, above: str = "") -> dict[str, str]:
    """The keys of a mapping and of all that is in it, by their paths such as `access.groups`."""
    keys: dict[str, str] = {}
    if isinstance(values, Mapping):
        for key, value in values.items():
            keys[f"{above}{key}"] = str(key)
            keys |= _keys(value, f"{above}{key}.")
    elif isinstance(values, (list, tuple)):
        for value in values:
            keys |= _keys(value, above)
    return keys


def _title_line(head: str) -> str:
    """The title of front matter that is no YAML."""
    for line in head[:LONGEST].splitlines():
        if line.startswith("title:"):
            title = line.removeprefix("title:").strip()
            return title[1:-1] if len(title) > 1 and title[0] == title[-1] and title[0] in "\"'" else title
    return ""


class _Fields(yaml.SafeLoader):
    """Builds plain values; a key that stands twice is an error, and so is an alias: it may stand for any number."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def _fields(head: str) -> Mapping[str, object] | None:
    """The fields with a text for a key; None where the front matter is no YAML mapping, or has a key twice."""
    if len(head) > LONGEST:
        return None
    loader = _Fields("\n".join(head.strip().splitlines()[1:-1]))
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return {} if node is None else None
        fields: dict[str, object] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in fields and means_groups(key.value):
                    return None
                fields[str(key.value)] = loader.construct_object(value, deep=True)
            elif any(means_groups(one.value) for one in _scalars(key)):
                return None
        return fields
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError, AttributeError):
        return None  # PyYAML lets a date like 2024-13-45, and some other slips, out as what Python raises
    finally:
        loader.dispose()


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for one in child if isinstance(child, tuple) else (child,):
                yield from _scalars(one)
