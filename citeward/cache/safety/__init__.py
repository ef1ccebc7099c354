"""Why two questions must not share an answer, however alike their vectors are.

Vectors of sentences see what a text is about; they hardly see a negation, a number, a name or who does what to whom.
So a semantic hit must also pass these checks, each a pure function over the two texts' words. They only ever say no:
a wrong refusal costs one computation, a wrong hit costs a wrong answer.

The checks know English. A text in which no English is recognised has no rules that could vouch for it, and conflicts
with every text but itself: in other languages the cache is an exact one.
"""

from __future__ import annotations

from citeward.cache.safety.check import conflict

__all__ = ["conflict"]
