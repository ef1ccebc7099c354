"""What the keyword leg of every store searches by: words cut to stems, the same wherever the passages are stored.

Stores are given terms that are ready, parted by blanks, and told to analyse nothing; so the same words are found in all
of them, and their BM25 scores differ by rounding only.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Any

from citeward.contracts.retrieval import Chunk, Document
from citeward.text.words import STOP_WORDS

HEADINGS = "headings"
"""Key of a chunk's meta whose words are searched along with its text."""
VERSION = 1
"""Raised whenever the same text gives other terms: what is stored is then indexed anew."""
LONGEST = 64
"""Characters of a term; the rest of a longer run (an encoded blob) is left out."""
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_WIDE = re.compile(rf"[{_CJK}]")
_NAME = re.compile(rf"(?<![\w./@-])[^\W\d_{_CJK}]\w*(?:[-_.:]+[^\W_{_CJK}]\w*)+(?![\w/@])")
"""A name put together of words: an identifier, a cmdlet, an option, a file. Its parts may be stop words."""
_JOINTS = re.compile(r"[-_.:]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_threads = threading.local()


def terms(text: str) -> list[str]:
    """The terms of a text: lower case, without accents and stop words, English words cut to their stem.

    A name that is put together of words stands for itself as well, behind all of them and without its joints.

    Scripts that put no blanks between words (Chinese, Japanese, Korean) give each pair of neighbouring characters.

    Source: the Snowball stemmer for English (M. F. Porter, 2001), by PyStemmer.

    >>> terms("The Réglages of max_tokens are routed")
    ['reglag', 'max', 'token', 'rout']
    >>> terms("Where-Object")
    ['object', 'whereobject']
    >>> terms("東京都")
    ['東京', '京都']
    """
    words: list[str] = []
    folded = _folded(text)
    for run in _RUN.findall(folded):
        if _WIDE.match(run):
            words += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        elif run not in STOP_WORDS:
            words.append(run[:LONGEST])
    stemmed: list[str] = _stemmer().stemWords(words)
    names = (_JOINTS.sub("", name) for name in _NAME.findall(folded))
    return [*stemmed, *(name for name in names if len(name) <= LONGEST)]


def passage_terms(document: Document, chunk: Chunk) -> str:
    """What the keyword leg searches of a passage: it is found by the words of its title and headings too."""
    headings = chunk.meta.get(HEADINGS, "")
    headings = headings if isinstance(headings, str) else ""
    title = "" if document.title in headings else document.title
    return " ".join(terms("\n".join(filter(None, (title, headings, chunk.text)))))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()))
    return unicodedata.normalize("NFC", bare)


def _stemmer() -> Any:
    """One a thread: it keeps a cache that threads must not share."""
    if not hasattr(_threads, "stemmer"):
        from Stemmer import Stemmer

        _threads.stemmer = Stemmer("english")
    return _threads.stemmer
