from dataclasses import replace

import numpy as np
import pytest

from citeward.errors import ModelUnavailable
from citeward.guardrails.classifier.model import Classifier, fits
from citeward.guardrails.classifier.surface import SIZE
from citeward.guardrails.classifier.weights import Linear, Weights
from citeward.testing.embedding import HashEmbedder

WIDTH = 8


def blank(width):
    return Linear(
        bias=np.zeros(2, np.float32),
        hints=np.ones((1, 2), np.float32),
        surface=np.zeros((SIZE, 2), np.float32),
        vector=np.ones((width, 2), np.float32),
    )


WEIGHTS = Weights(
    name="test-1",
    heads=("a", "b"),
    hints=("hint",),
    embedder="hash",
    surface=blank(0),
    full=blank(WIDTH),
    clear=(0.4, 0.6),
    provenance={},
)


class Counting(HashEmbedder):
    def __init__(self, **given):
        super().__init__(dimensions=WIDTH, **given)
        self.asked = []

    async def embed(self, texts, /, *, queries=False):
        self.asked += texts
        return await super().embed(texts, queries=queries)


async def test_without_an_embedder_the_surface_decides():
    classifier = Classifier(WEIGHTS)
    assert np.array_equal(await classifier.judge(["x", "y"]), classifier.by_surface(["x", "y"]))
    assert "alone" in classifier.reads


async def test_an_embedder_of_another_space_is_not_asked():
    other = Counting(name="other")
    classifier = Classifier(WEIGHTS, other)
    await classifier.judge(["x"])
    assert not classifier.embeds
    assert other.asked == []
    assert not fits(WEIGHTS, HashEmbedder(dimensions=WIDTH + 1))


async def test_the_vector_counts():
    embedder = Counting()
    scores = await Classifier(WEIGHTS, embedder).judge(["a black cat"], head=0)
    (vector,) = await HashEmbedder(dimensions=WIDTH).embed(["a black cat"])
    assert scores[0, 0] == pytest.approx(1 / (1 + np.exp(-vector.sum())), abs=1e-5)


@pytest.mark.parametrize(("head", "asked"), [(0, ["x"]), (1, []), (None, ["x"])])
async def test_a_text_that_is_clear_by_its_surface_is_not_embedded(head, asked):
    # The surface gives .5 for both heads: over what is clear for the first, under it for the second.
    embedder = Counting()
    await Classifier(WEIGHTS, embedder).judge(["x"], head=head)
    assert embedder.asked == asked


async def test_of_many_the_worst_are_embedded():
    embedder = Counting()
    hints = np.array([[0.0], [2.0], [1.0]], np.float32)
    await Classifier(WEIGHTS, embedder).judge(["a", "b", "c"], hints, head=0, most=2)
    assert embedder.asked == ["b", "c"]


async def test_an_embedder_that_fails_leaves_the_surface():
    class Broken(Counting):
        async def embed(self, texts, /, *, queries=False):
            raise ModelUnavailable("its file is missing", hint="Install it.")

    classifier = Classifier(WEIGHTS, Broken())
    assert np.array_equal(await classifier.judge(["x"]), classifier.by_surface(["x"]))


async def test_nothing_to_judge_gives_no_rows():
    assert (await Classifier(replace(WEIGHTS, clear=(0, 0)), Counting()).judge([])).shape == (0, 2)
