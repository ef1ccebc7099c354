import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Document
from citeward.errors import SettingsError, UnsupportedDocument
from citeward.ingest.load.access import named_groups, readers

NAMES = st.sampled_from(["hr", "board", "staff"])
GROUPS = st.lists(NAMES, min_size=1, max_size=3)


def test_without_a_word_from_anyone_everyone_may_read() -> None:
    assert readers("a.md", None, {}) == ()


def test_rules_add_up() -> None:
    rules = {"hr/**": ["hr"], "**/pay.md": ["board"], "other/**": ["staff"]}
    assert readers("hr/pay.md", None, rules) == ("board", "hr")


@given(own=GROUPS, rule=GROUPS, run=st.lists(NAMES, max_size=3))
def test_no_voice_ever_lets_in_whom_another_keeps_out(own: list[str], rule: list[str], run: list[str]) -> None:
    try:
        allowed = readers("a.md", own, {"**": rule}, run)
    except UnsupportedDocument:
        return
    assert allowed
    for voice in (own, rule, run or own):
        assert set(allowed) <= set(voice)


def test_voices_without_a_group_in_common_leave_nobody_and_are_named() -> None:
    with pytest.raises(UnsupportedDocument, match=r"nobody may read it: the document says \['all'\], the rules say"):
        readers("hr/a.md", ["all"], {"hr/**": ["hr"]})


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("hr/**", ["hr/a.md", "hr/b/c.md"], ["hr.md", "x/hr/a.md"]),
        ("hr", ["hr/a.md", "hr/b/c.md"], ["hra/a.md"]),
        ("hr/", ["hr/a.md"], ["hr.md"]),
        ("hr/*.md", ["hr/a.md"], ["hr/b/c.md", "hr/a.txt"]),
        ("**/pay.md", ["pay.md", "a/pay.md", "a/b/pay.md"], ["repay.md"]),
        ("a?.md", ["ab.md"], ["a/.md", "a.md"]),
        ("notes.jsonl", ["notes.jsonl/1", "notes.jsonl/a/b"], ["notes.jsonl2/1"]),
        ("list.urls/https://intranet/**", ["list.urls/https://intranet/a?b=[c]"], ["list.urls/https://public/"]),
        ("app/[id].md", ["app/[id].md"], ["app/i.md"]),
        ("**", ["a.md", "/srv/a.md"], []),
    ],
)
def test_a_glob_matches_by_segments_and_covers_what_lies_below(
    glob: str, matching: list[str], other: list[str]
) -> None:
    assert all(readers(identity, None, {glob: ["g"]}) == ("g",) for identity in matching)
    assert all(readers(identity, None, {glob: ["g"]}) == () for identity in other)


@pytest.mark.parametrize("groups", [[], [""], "hr"])
def test_a_rule_without_groups_is_refused(groups: list[str]) -> None:
    with pytest.raises(SettingsError, match=r"'hr/\*\*'"):
        readers("hr/a.md", None, {"hr/**": groups})


@pytest.mark.parametrize(
    "value", [None, [], "", "a, b", {"a": 1}, 7, True, ["a", 7], [" "], ["a\nb"], ["\ud800"], [["a"]]]
)
def test_what_names_no_groups_is_refused(value: object) -> None:
    with pytest.raises(UnsupportedDocument, match="groups is"):
        named_groups(value)


def test_groups_are_a_list_or_one_name() -> None:
    assert (named_groups("hr"), named_groups([" hr", "board", "hr"])) == (("hr",), ("hr", "board"))


def test_rules_the_run_and_the_document_meet_when_a_file_is_read(reading) -> None:
    text = "---\ngroups: [hr, board]\n---\n# Pay"
    (document,) = reading("hr/pay.md", text, access={"hr/**": ["hr", "staff"]}, groups=["hr"])
    assert isinstance(document, Document) and document.groups == ("hr",)
    (skipped,) = reading("hr/pay.md", text, access={"hr/**": ["staff"]})
    assert (skipped.id, skipped.keep) == ("hr/pay.md", False)
    assert "nobody may read it" in skipped.reason


def test_a_bad_rule_is_the_callers_mistake_not_the_files(reading) -> None:
    with pytest.raises(SettingsError):
        reading("a.md", "x", access={"**": []})
