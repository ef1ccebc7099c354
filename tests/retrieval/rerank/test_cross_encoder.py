import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from citeward.errors import ModelUnavailable, SettingsError
from citeward.retrieval.rerank.cross_encoder import CrossEncoderReranker
from citeward.testing.suites.reranker import PASSAGES, QUERY, RERANKER_CHECKS, RerankerCheck

installed = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)
# Its own dependencies warn of what is to come.
pytestmark = [pytest.mark.filterwarnings("default")]


def made(folder: Path, *, labels: int = 1) -> Path:
    """A cross-encoder with random weights: two layers of 32 numbers, letters for tokens."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(7)
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127)]
    vocabulary = {token: at for at, token in enumerate([*marks, *letters, *(f"##{letter}" for letter in letters)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        num_labels=labels,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=128,
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), marks, strict=True)),
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("cross-encoder"))


@installed
@pytest.mark.parametrize("check", RERANKER_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_a_reranker(check: RerankerCheck, model: Path) -> None:
    await check(CrossEncoderReranker(str(model), device="cpu", batch=4))


@installed
async def test_it_ranks_as_its_model_scores(model: Path) -> None:
    from sentence_transformers import CrossEncoder

    scores = CrossEncoder(str(model), device="cpu").predict([(QUERY, passage.text) for passage in PASSAGES])
    ranked = await CrossEncoderReranker(str(model), device="cpu").rerank(QUERY, PASSAGES, limit=3)
    assert [passage.score for passage in ranked] == pytest.approx(sorted(map(float, scores), reverse=True)[:3])
    assert len(set(map(float, scores))) == len(PASSAGES)


@installed
async def test_a_classifier_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="3 scores a pair"):
        await CrossEncoderReranker(str(made(tmp_path, labels=3)), device="cpu").rerank(QUERY, PASSAGES, limit=3)


@installed
async def test_a_model_that_is_not_there_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        await CrossEncoderReranker(str(tmp_path / "model")).rerank(QUERY, PASSAGES, limit=3)


async def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent: Any = None
    monkeypatch.setitem(sys.modules, "sentence_transformers", absent)
    with pytest.raises(ModelUnavailable, match=r"pip install 'citeward\[cross-encoder\]'"):
        await CrossEncoderReranker("any").rerank(QUERY, PASSAGES, limit=3)


async def test_nothing_is_loaded_before_the_first_passage() -> None:
    assert await CrossEncoderReranker("no/such-model").rerank(QUERY, [], limit=3) == []


def test_a_batch_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingsError):
        CrossEncoderReranker("any", batch=0)
