"""The context that a model reads: which of the found passages, in which order, and how much of them."""

from citeward.retrieval.context.neighbours import texts_between
from citeward.retrieval.context.pack import pack

__all__ = ["pack", "texts_between"]
