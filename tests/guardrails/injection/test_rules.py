import pytest

from citeward.errors import ProjectError
from citeward.guardrails.injection.rules import load_rules

HEAD = "words: {greeting: [hello, hi]}\ngap: ' '\nrules:\n"


def test_the_shipped_rules_compile_and_every_word_is_known():
    book = load_rules()
    assert len(book.rules) > 30
    assert not any("%gap%" in rule.pattern.pattern for rule in book.rules)


def test_words_and_parts_are_put_together(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(HEAD + "  - {kind: k, pattern: ['%greeting%', ' you'], user: 0.5}\n", encoding="utf-8")
    (rule,) = load_rules(path).rules
    assert rule.pattern.search("hi you") and not rule.pattern.search("hey you")
    assert rule.in_data == 0.5


def test_a_pattern_that_is_none_is_a_project_error(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(HEAD + "  - {kind: k, pattern: '(', user: 0.5}\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="not a regular expression"):
        load_rules(path)
