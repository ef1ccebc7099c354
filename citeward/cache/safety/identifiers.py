"""Names of code, files, addresses and quoted words, which no paraphrase changes."""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(
    r"`([^`\n]+)`"
    r"|(?<![\w/.-])((?:https?://|/|\./|~/)[\w./%?=&:@~-]+[\w/])"
    r"|(?<![\w@.-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w-])(--?[A-Za-z][\w-]*)"
    r"|(?<![\w.])((?:[A-Za-z]\w*)?_\w*[A-Za-z]\w*|[A-Za-z]\w*(?:\.\w+)+|[A-Za-z_][\w.]*\(\)"
    r"|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Za-z]+\d[\w-]*|[A-Za-z](?:\+\+|#))"
)
_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|“([^”\n]{1,80})”")
_AROUND = "`'\".,:;?!()[]{} "


def identifiers(text: str) -> frozenset[str]:
    """Everything in the text that is a name to the letter, lower-cased and bare of quotes and brackets.

    >>> sorted(identifiers("Does `load()` of lib.io read config_dir, or --force?"))
    ['--force', 'config_dir', 'lib.io', 'load']
    """
    found = {next(part for part in match.groups() if part) for match in _IDENTIFIER.finditer(text)}
    found |= {match[1] or match[2] for match in _QUOTED.finditer(text)}
    bare = (one.lower().strip(_AROUND).removesuffix("()").strip(_AROUND) for one in found)
    return frozenset(" ".join(one.split()) for one in bare) - {""}
