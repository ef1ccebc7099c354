"""Decides whether the passages hold enough to answer at all.

Two logistic models over what `weigh` reports, fitted on XQuAD (1,190 English questions, five passages each, in five
folds that never share an article) to tell questions asked of the whole collection from the same questions asked without
their paragraph or without their article. At the floors set here they wrongly refuse 3 % of the answerable questions
(2 of 100 on a software guide, which they never saw) and rightly refuse 93 % of those whose article is missing, 68 % of
those of which only the paragraph is missing, and 99 % of those asked of documents on another subject. By words alone
the same figures are 3.5, 73, 58 and 80 %.
"""

from __future__ import annotations

from citeward.models.extractive.evidence import Evidence

SENTENCE, PASSAGE, COSINE, COVER, CONSTANT = 3.53, 3.38, 2.39, 3.56, -7.16
FLOOR = -0.87
"""Log odds, balanced classes, below which nothing is answered."""
COVER_BY_WORDS, SENTENCE_BY_WORDS, CONSTANT_BY_WORDS = 4.49, 3.37, -3.78
FLOOR_BY_WORDS = -1.1


def enough(evidence: Evidence, *, by_words: bool) -> bool:
    """Whether to answer.

    Args:
        evidence: What the passages hold.
        by_words: True where there were no vectors.
    """
    if not evidence.scored:
        return False
    if by_words:
        told = COVER_BY_WORDS * evidence.cover + SENTENCE_BY_WORDS * evidence.sentence_cover + CONSTANT_BY_WORDS
        return told >= FLOOR_BY_WORDS
    told = SENTENCE * evidence.sentence_similarity + PASSAGE * evidence.passage_similarity
    return told + COSINE * evidence.passage_cosine + COVER * evidence.cover + CONSTANT >= FLOOR
