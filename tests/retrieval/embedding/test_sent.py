from hypothesis import given
from hypothesis import strategies as st

from citeward.retrieval.embedding.sent import batches, sendable
from citeward.text.tokens import estimate_tokens


@given(st.text(st.characters(codec=None, categories=["L", "N", "P", "Z", "Cc", "Cs"])), st.integers(16, 40))
def test_what_is_sent_is_valid_not_blank_and_not_too_long(text: str, limit: int) -> None:
    sent = sendable(text * 9, prefix="passage: ", max_tokens=limit)
    assert sent.encode()
    assert sendable(text, max_tokens=limit).strip()
    assert estimate_tokens(sent) <= limit
    assert sent.startswith("passage: ")


def test_a_short_text_of_many_tokens_is_cut() -> None:
    assert estimate_tokens(sendable("0가" * 9, prefix="passage: ", max_tokens=27)) <= 27


def test_a_text_that_fits_is_sent_as_it_is() -> None:
    text = "Crème brûlée\r\n\tfor\u2028two 🐈"
    assert sendable(text, max_tokens=16) == text
    cut = sendable("a long text " * 99, max_tokens=20)
    assert cut == ("a long text " * 99)[: len(cut)] and estimate_tokens(cut) == 20


@given(st.lists(st.text(max_size=40)), st.integers(1, 5), st.integers(1, 50))
def test_batches_hold_all_texts_in_order_and_keep_to_their_size(texts: list[str], size: int, tokens: int) -> None:
    made = list(batches(texts, size=size, tokens=tokens, count=len))
    assert [text for batch, _ in made for text in batch] == texts
    for batch, held in made:
        assert 1 <= len(batch) <= size
        assert held == sum(len(text) + 2 for text in batch)
        assert held <= tokens or len(batch) == 1
