"""Which graph is run: the faster one, kept in the user's cache folder, or else the shipped one."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from citeward.errors import ModelUnavailable
from citeward.logs import get_logger
from citeward.retrieval.embedding import files
from citeward.retrieval.embedding.graph import rewrite
from citeward.retrieval.embedding.keep import cache_folder, keep
from citeward.retrieval.embedding.session import Session

RECIPE = 1
"""Raised with every change of `graph`, so that files made by an older one are not used."""
LEAST_COSINE = 0.985
"""Between the faster graph's vector and the shipped one's, for each of PROBES."""
REPORT = "nothing is lost but speed; tell Citeward which processor and which version of onnxruntime these are."
PROBES = (
    "When was the treaty signed?",
    "The treaty was signed in 1648 after five years of talks in two towns, Osnabrück and Münster; it ended thirty "
    "years of war in central Europe and settled which prince could decide on which faith.",
    "def mean(values: list[float]) -> float:\n    return sum(values) / len(values)",
    "Die Rechnung über 1.249,50 € ist am 3. Mai fällig. 请在五月三日之前付款。 🙂",
)

logger = get_logger(__name__)


class Graph(StrEnum):
    """The two graphs; their vectors may be compared with each other."""

    FAST = "fast"
    SHIPPED = "shipped"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The model in memory, and what a person should know of it."""

    session: Session
    graph: Graph
    path: Path | None = None
    """Where the faster graph is kept, where it is in use."""
    notice: str = ""
    """Why the faster graph is not in use, and the way out."""


def load(cache_dir: Path | None = None) -> Loaded:
    """Open the model.

    Args:
        cache_dir: Where the faster graph is kept; the user's cache folder by default. Where it cannot be kept,
            the shipped graph is used, with a warning in the log and a `notice`.

    Raises:
        ModelUnavailable: A file of the model is missing or altered.
    """
    shipped, tokenizer = files.read(files.MODEL), files.read(files.TOKENIZER)
    try:
        path = (cache_dir or cache_folder()) / _name()
        session = Session(keep(path, lambda: _checked(shipped, tokenizer)), tokenizer)
        return Loaded(session=session, graph=Graph.FAST, path=path)
    except OSError as error:
        notice = (
            f"The faster embedding graph cannot be kept ({error}); the shipped one is used, at less than half its "
            "speed.\nhint: name a folder that can be written as the embedding cache."
        )
    except ModelUnavailable as error:
        notice = str(error)
    logger.warning("embedding.shipped_graph", reason=notice)
    return Loaded(session=Session(shipped, tokenizer), graph=Graph.SHIPPED, notice=notice)


def _name() -> str:
    """Of everything that the file's worth depends on: the source, the recipe, the runtime, the kind of processor."""
    import onnxruntime

    return f"minilm-{files.MODEL.sha256[:12]}-recipe{RECIPE}-ort{onnxruntime.__version__}-{platform.machine()}.graph"


def _checked(shipped: bytes, tokenizer: bytes) -> bytes:
    """The faster graph, once its vectors are seen to be the shipped one's on this very machine."""
    reference = Session(shipped, tokenizer)
    for unsigned in (False, True):
        content = rewrite(shipped, unsigned=unsigned)
        try:
            fast = Session(content, tokenizer)
            cosine = min(float(fast.vector(text) @ reference.vector(text)) for text in PROBES)
        except Exception as error:  # onnxruntime's errors share no base of their own
            raise ModelUnavailable(
                f"The faster embedding graph does not run on this onnxruntime ({error}); the shipped one is used.",
                hint=REPORT,
            ) from error
        if cosine >= LEAST_COSINE:
            return content
    raise ModelUnavailable(
        f"The faster embedding graph is off on this processor (cosine {cosine:.3f}); the shipped one is used.",
        hint=REPORT,
    )
