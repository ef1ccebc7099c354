"""A made-up world to fill stores with: as many documents as one likes, the same ones for the same seed, as a stream.

Words follow Zipf's law with Mandelbrot's offset (B. Mandelbrot, 1953) over a vocabulary of 30,000 made-up words whose
commonest are English stop words. Each document has a topic: part of its words come from the topic's own, and its
vectors lie around the topic's centre, so that what is near in words is near in vectors, as in real text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from citeward.contracts.retrieval import Chunk, Document, Vectors
from citeward.text.words import STOP_WORDS

DIMENSIONS = 384
WORDS = 30_000
TOPICS = 200
TOPIC_WORDS = 400
PASSAGES = 4
"""Passages a document."""
LANGUAGES = ("en", "de", "fr")
SHARES = (0.7, 0.2, 0.1)
"""Of the languages among documents."""
YEARS = (1990, 2026)
GROUPS = ("sales", "research", "legal", "finance", "support")
RESTRICTED = 0.1
"""Share of documents that only one of the groups may read."""
_TOPICAL = 0.3
"""Share of a passage's words that are its topic's."""
_SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True, kw_only=True)
class World:
    """What documents and queries are drawn from."""

    seed: int
    words: np.ndarray
    """Of str, the commonest first."""
    shares: np.ndarray
    """Running sum of the words' probabilities."""
    topics: np.ndarray
    """int[TOPICS, TOPIC_WORDS], places in `words`."""
    topic_shares: np.ndarray
    """Running sum over a topic's words, the same for each."""
    centres: Vectors


@dataclass(frozen=True, kw_only=True)
class Made:
    """One document, cut and embedded."""

    document: Document
    chunks: Sequence[Chunk]
    vectors: Vectors


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question: a few words and the vector of a topic."""

    text: str
    vector: np.ndarray


def world(seed: int = 0) -> World:
    """The world of that seed; takes a tenth of a second."""
    draw = np.random.default_rng([seed, 0])
    stop = sorted(word for word in STOP_WORDS if word.isalpha())
    made: dict[str, None] = dict.fromkeys(stop)
    while len(made) < WORDS:
        made["".join(draw.choice(_SYLLABLES, size=draw.integers(2, 5)))] = None
    topics = np.stack([draw.choice(np.arange(500, WORDS), TOPIC_WORDS, replace=False) for _ in range(TOPICS)])
    return World(
        seed=seed,
        words=np.array(list(made)),
        shares=_zipf(WORDS),
        topics=topics,
        topic_shares=_zipf(TOPIC_WORDS),
        centres=_unit(draw.standard_normal((TOPICS, DIMENSIONS), dtype=np.float32)),
    )


def documents(of: World, first: int, count: int) -> Iterator[Made]:
    """Documents number `first` to `first + count - 1`, each made when it is asked for."""
    for number in range(first, first + count):
        yield _document(of, number)


def queries(of: World, count: int) -> list[Query]:
    """Questions of two stop words, two common words and three of a topic, with vectors near the topic's centre."""
    draw = np.random.default_rng([of.seed, 2])
    made = []
    for _ in range(count):
        topic = int(draw.integers(TOPICS))
        own = of.topics[topic, np.searchsorted(of.topic_shares, draw.random(3))]
        places = [*draw.integers(0, 50, 2), *draw.integers(200, 2_000, 2), *own]
        vector = _unit(of.centres[topic] + 0.9 * _unit(draw.standard_normal(DIMENSIONS, dtype=np.float32)))
        made.append(Query(text=" ".join(of.words[places]) + "?", vector=vector))
    return made


def clustered(of: World, count: int, block: int) -> Vectors:
    """Vectors around topics' centres, float32[count, d], the same for the same block number."""
    draw = np.random.default_rng([of.seed, 3, block])
    noise = _unit(draw.standard_normal((count, DIMENSIONS), dtype=np.float32))
    return _unit(of.centres[draw.integers(TOPICS, size=count)] + 1.1 * noise)


def _document(of: World, number: int) -> Made:
    draw = np.random.default_rng([of.seed, 1, number])
    topic = int(draw.integers(TOPICS))
    texts = [_passage(of, topic, draw) for _ in range(PASSAGES)]
    starts = np.cumsum([0, *(len(text) + 2 for text in texts)])
    restricted = draw.random() < RESTRICTED
    document = Document(
        id=f"{number:07d}",
        text="\n\n".join(texts),
        source=f"{number:07d}.txt",
        title=" ".join(of.words[of.topics[topic, draw.integers(TOPIC_WORDS, size=2)]]),
        meta={"lang": str(draw.choice(LANGUAGES, p=SHARES)), "year": int(draw.integers(*YEARS))},
        groups=(str(draw.choice(GROUPS)),) if restricted else (),
    )
    chunks = [
        Chunk(ordinal=place, text=text, start=int(starts[place]), end=int(starts[place]) + len(text))
        for place, text in enumerate(texts)
    ]
    noise = _unit(draw.standard_normal((PASSAGES + 1, DIMENSIONS), dtype=np.float32))
    # The first noise is the document's: its passages are nearer to each other than to others of their topic.
    vectors = _unit(of.centres[topic] + 0.7 * noise[0] + 0.9 * noise[1:])
    return Made(document=document, chunks=chunks, vectors=vectors)


def _passage(of: World, topic: int, draw: np.random.Generator) -> str:
    """80 to 120 words in sentences of twelve."""
    size = int(draw.integers(80, 121))
    places = np.searchsorted(of.shares, draw.random(size))
    topical = draw.random(size) < _TOPICAL
    places[topical] = of.topics[topic, np.searchsorted(of.topic_shares, draw.random(int(topical.sum())))]
    words = of.words[places].tolist()
    return " ".join(" ".join(words[at : at + 12]).capitalize() + "." for at in range(0, size, 12))


def _zipf(size: int) -> np.ndarray:
    weights = 1 / (np.arange(size) + 2.7)
    shares: np.ndarray = np.cumsum(weights / weights.sum())
    shares[-1] = 1.0
    return shares


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
