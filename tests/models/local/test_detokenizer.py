from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.models.local.detokenizer import Detokenizer
from citeward.testing.tiny_model import train_tokenizer

TOKENIZER = train_tokenizer()
TOKENS = st.lists(st.integers(0, TOKENIZER.get_vocab_size() - 1), max_size=30)


def spoken(tokens: list[int], before: list[int], tokenizer: Any = TOKENIZER) -> list[str]:
    detokenizer = Detokenizer(tokenizer.decode, before)
    return [*(detokenizer.feed(token) for token in tokens), detokenizer.close()]


@given(text=st.text())
def test_pieces_of_a_text_make_the_text(text: str) -> None:
    whole = text.encode("utf-8", "replace").decode()
    assert "".join(spoken(TOKENIZER.encode(whole, add_special_tokens=False).ids, [])) == whole


@given(tokens=TOKENS)
def test_pieces_of_any_tokens_are_what_the_tokenizer_makes_of_them_all(tokens: list[int]) -> None:
    assert "".join(spoken(tokens, [])) == TOKENIZER.decode(tokens)


@given(text=st.text(min_size=1))
def test_a_character_comes_whole_or_not_at_all(text: str) -> None:
    whole = text.encode("utf-8", "replace").decode().replace("\ufffd", "")
    assert all("\ufffd" not in piece for piece in spoken(TOKENIZER.encode(whole, add_special_tokens=False).ids, []))


def test_special_tokens_say_nothing() -> None:
    word, end = TOKENIZER.encode("fox").ids, TOKENIZER.token_to_id("<|im_end|>")
    assert "".join(spoken([*word, end, *word], [])) == "foxfox"


@pytest.mark.parametrize(("before", "first"), [("The", " fox"), ("", "fox")])
def test_a_space_at_the_beginning_is_kept_where_text_stands_before_it(before: str, first: str) -> None:
    """As SentencePiece has it: a word's space is part of its token, and dropped where a text begins."""
    from tokenizers import Tokenizer, decoders, models

    words = Tokenizer(models.WordLevel({"▁The": 0, "▁fox": 1, "?": 2}, unk_token="?"))
    words.decoder = decoders.Metaspace()
    assert spoken([1], [0] if before else [], words)[0] == first
