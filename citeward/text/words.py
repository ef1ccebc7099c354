"""Words for lexical evidence: lower-cased, without stop words, numbers kept."""

from __future__ import annotations

import re

_WORD = re.compile(r"\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\W_]+")
_COMPOUND = re.compile(
    # No two ways to read one text, and none tried again: an underscore joins and is part of a word too.
    r"(?<![\w./-])[^\W\d_](?:\w*+(?:[-.:][-_.:]*+[^\W_]\w*+(?!/))++|(?>\w*?_[^\W_])\w*+(?!/))"
)
"""Identifiers, cmdlets, options, file names: the parts alone say little, and may be stop words."""
STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing down during each few for from further had has have having he her here hers him his
    how i if in into is it its itself just me more most my no nor not of off on once only or other our ours out over
    own same she should so some such than that the their theirs them then there these they this those through to too
    under until up upon us very was we were what when where which while who whom whose why will with would you your
    yours 's s t""".split()
)


def words(text: str) -> list[str]:
    """Every word of `text` in order, lower-cased; numbers keep their point and percent sign.

    >>> words("Costs 2.5% more, isn't it?")
    ['costs', '2.5%', 'more', "isn't", 'it']
    """
    return [match.lower().replace("’", "'") for match in _WORD.findall(text)]


def content_words(text: str) -> list[str]:
    """The words that carry meaning, each cut to a stem; a name put together of words also as a whole.

    >>> content_words("How are the models routed?")
    ['model', 'rout']
    >>> content_words("Where-Object or max_tokens")
    ['object', 'max', 'token', 'where-object', 'max_tokens']
    """
    compounds = [found.lower() for found in _COMPOUND.findall(text)]
    return [*(stem(word) for word in words(text) if word not in STOP_WORDS), *compounds]


_SUFFIXES = ("ations", "ation", "ingly", "ings", "edly", "ies", "ing", "ely", "ed", "es", "ly", "s", "e")


def stem(word: str) -> str:
    """A short stem, so that `routes`, `routed` and `routing` meet; light on purpose: it never merges short words.

    >>> stem("routing") == stem("routes") == stem("routed")
    True
    """
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not (suffix == "s" and word.endswith("ss")):
            root = word[: -len(suffix)]
            if suffix == "ies":
                return root + "y"
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouls" else root
    return word
