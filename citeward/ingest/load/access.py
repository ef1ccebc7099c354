"""Who may read a document: what the project's rules, the run and the document itself say, taken together.

Groups mean *any of these may read*, so putting lists together would let more people in. Each voice that speaks can
therefore only narrow what the others allow: the document's groups are those that all of them name. Where they name
none in common nobody could read it, and it is not indexed. Among themselves the rules add up: each one grants.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from citeward.errors import SettingsError, UnsupportedDocument

Rules: TypeAlias = Mapping[str, Sequence[str]]
"""Glob of document ids -> the groups that may read what it matches."""


def readers(identity: str, own: Sequence[str] | None, rules: Rules, run: Sequence[str] = ()) -> tuple[str, ...]:
    """The groups that may read a document, sorted; empty for everyone.

    Args:
        identity: The document's id.
        own: The groups that the document names; None where it names none.
        rules: From the project; every glob that matches counts.
        run: Groups for everything that is indexed now; empty for no restriction.

    Raises:
        UnsupportedDocument: The voices have no group in common.
        SettingsError: A rule without groups.
    """
    granted = {group for glob, groups in rules.items() if _matches(glob, identity) for group in _checked(glob, groups)}
    voices = {"the document": own, "the rules": sorted(granted), "this run": run}
    speaking = {who: set(groups) for who, groups in voices.items() if groups}
    if not speaking:
        return ()
    common = set.intersection(*speaking.values())
    if not common:
        said = ", ".join(f"{who} says {sorted(groups)!r}" for who, groups in speaking.items())
        raise UnsupportedDocument(
            f"nobody may read it: {said}", hint="A group may read it where everyone who names groups names that one."
        )
    return tuple(sorted(common))


def named_groups(value: object) -> tuple[str, ...]:
    """The groups of a document's `groups` field: a list of names, or one name.

    Raises:
        UnsupportedDocument: It is anything else, or empty: a mistake there must not open the document to everyone.
    """
    names = [value] if isinstance(value, str) and "," not in value else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and _is_name(name) for name in names):
        raise UnsupportedDocument(
            f"groups is {shown(value)}: it must be a list of names",
            hint="Leave `groups` out where everyone may read the document.",
        )
    return tuple(dict.fromkeys(name.strip() for name in names))


def shown(value: object) -> str:
    """A value for a message: never long, however large or deep it is."""
    return reprlib.repr(value)[:80]


def _is_name(group: str) -> bool:
    name = group.strip()
    return name != "" and name.isprintable()


def _checked(glob: str, groups: Sequence[str]) -> Sequence[str]:
    if isinstance(groups, str) or not groups or not all(_is_name(group) for group in groups):
        raise SettingsError(
            f"the rule {glob!r} names the groups {groups!r}",
            hint="Name at least one group, or take the rule out where everyone may read.",
        )
    return groups


def _matches(glob: str, identity: str) -> bool:
    return _pattern(glob).fullmatch(identity) is not None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within a path's segment, `**` does not; what names a folder or file covers all that is in it."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.rstrip("/"))
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part) or re.escape(part) for part in parts) + "(?:/.*)?", re.DOTALL)
