from citeward.retrieval.place import headings, placed


def test_a_passage_stands_under_its_headings_or_else_under_its_title() -> None:
    assert headings("Guide", {"headings": "Guide > Ports"}) == "Guide > Ports"
    assert headings("Guide", {}) == "Guide"
    assert placed("Use 8080.", title="", meta={}) == "Use 8080."
