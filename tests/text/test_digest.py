from citeward.text.digest import digest


def test_different_texts_have_different_names_and_the_same_text_the_same() -> None:
    texts = ["", "a", "A", "a ", "\ud83d", "\ud83c"]
    assert len({digest(text) for text in texts}) == len(texts)
    assert digest("a") == digest("a") and len(digest("a")) == 16
