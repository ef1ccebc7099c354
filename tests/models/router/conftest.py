"""Made-up results: long division is hard for the small model, colours are not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from citeward.models.router.fit import Outcomes
from citeward.testing.embedding import HashEmbedder

Make = Callable[..., Outcomes]


@pytest.fixture(scope="session")
def make_outcomes() -> Make:
    def make(n: int = 120, *, seed: int = 0, vectors: bool = True, signal: bool = True) -> Outcomes:
        rng = np.random.default_rng(seed)
        prompts, small, large = [], [], []
        for place in range(n):
            hard = bool(rng.random() < 0.5)
            prompts.append(
                f"Divide {rng.integers(1000)} by {rng.integers(99)} and explain why number {place} is left over."
                if hard
                else f"What colour is thing {place}?"
            )
            small.append(float(rng.random() < (0.2 if hard and signal else 0.8)))
            large.append(float(rng.random() < 0.9))
        embedder = HashEmbedder()
        with ThreadPoolExecutor(1) as pool:  # tests that call this may run an event loop of their own
            rows = pool.submit(asyncio.run, embedder.embed(prompts, queries=True)).result() if vectors else None
        return Outcomes(
            prompts=tuple(prompts),
            small=np.array(small),
            large=np.array(large),
            vectors=rows,
            embedder=embedder.name if vectors else "",
        )

    return make
