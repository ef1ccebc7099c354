from citeward.retrieval.rerank.content import content_tokens


def _spans(text: str) -> list[tuple[int, int]]:
    starts = [at for at, char in enumerate(text) if char != " " and (at == 0 or text[at - 1] == " ")]
    return [(start, (text + " ").index(" ", start)) for start in starts]


def test_stop_words_and_punctuation_are_left_out() -> None:
    text = "What is the port of a server ?"
    kept = content_tokens(text, _spans(text))
    assert [text[s:e] for (s, e), keep in zip(_spans(text), kept, strict=True) if keep] == ["port", "server"]


def test_all_parts_of_a_word_are_kept() -> None:
    assert content_tokens("rerankers", [(0, 2), (2, 6), (6, 9)]).tolist() == [True] * 3


def test_a_text_of_stop_words_alone_keeps_them_all() -> None:
    assert content_tokens("to be or", [(0, 2), (3, 5), (6, 8)]).tolist() == [True] * 3


def test_no_tokens_give_no_marks() -> None:
    assert content_tokens("", []).tolist() == []
