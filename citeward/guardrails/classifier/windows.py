"""A long text in parts, so that a few hostile lines are not lost among many harmless ones."""

from __future__ import annotations

import re

from citeward.text.sentences import Span, sentences

PARAGRAPH = 1_000
"""Characters of one part of a text that is judged as a whole; what the embedding model reads at once."""
SENTENCE = 500
"""Characters of one sentence; of a longer one each such part counts."""
FEWEST = 3
"""Words of the shortest order; a heading, a cell or a list's item of one or two words is none."""
_LINE = re.compile(r"(?<=\n)(?=[ \t]*[A-Z\"'“‘])|(?<=\|)(?=[A-Z])")
_WORD = re.compile(r"\w[\w'’.-]*")


def parts(text: str, size: int = PARAGRAPH, /) -> list[Span]:
    """`text` cut between words into parts of at most `size` characters; a blank text has none."""
    return _cut(text, Span(0, len(text)), size)


def lines(text: str, /) -> list[Span]:
    """The sentences of `text` with FEWEST words or more, none longer than SENTENCE.

    A line or a cell that begins with a capital begins a sentence; a line that was only wrapped goes on.
    """
    spans: list[Span] = []
    for sentence in sentences(text):
        start = sentence.start
        for line in _LINE.split(sentence.of(text)):
            spans += _cut(text, Span(start, start + len(line)), SENTENCE)
            start += len(line)
    return [span for span in spans if len(_WORD.findall(span.of(text))) >= FEWEST]


def _cut(text: str, span: Span, size: int) -> list[Span]:
    out: list[Span] = []
    start, end = span.start, span.end
    while start < end:
        if text[start].isspace() or text[start] == "|":
            start += 1
            continue
        stop = end
        if end - start > size:
            space = text.rfind(" ", start + size // 2, start + size)
            stop = space if space > 0 else start + size
        out.append(Span(start, stop))
        start = stop
    return out
