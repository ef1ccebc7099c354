import pytest

from citeward.ingest.load.header import LONGEST, header


def test_front_matter_gives_title_values_and_groups() -> None:
    found = header("---\ntitle: 7 days\ntags: [a, 2]\ndate: 2026-01-02\ngroups: hr\nnested: {a: 1}\n---\ntext")
    assert found.title == "7 days"
    assert dict(found.meta) == {"tags": ("a", "2"), "date": "2026-01-02"}
    assert found.groups == ("hr",)
    assert not found.barred


def test_a_text_without_front_matter_has_none() -> None:
    assert header("# Title\n\ngroups: none") == header("")


@pytest.mark.parametrize(
    "text",
    [
        "---\ngroups:\n---\nx",
        "---\ngroups: []\n---\nx",
        "---\ngroups: {a: b}\n---\nx",
        "---\ngroups: [no]\n---\nx",
        "---\ngroups: [2024]\n---\nx",
        "---\nGroups: 7\n---\nx",
        "---\ngroups: [hr]\ngroups: [all]\n---\nx",
        "---\ngroups: [hr]\nGROUPS: [all]\n---\nx",
        "---\ngroups: [hr\n---\nx",
        "---\ntitle: a: b\n'groups': [hr]\n---\nx",
        "---\ngroups: [hr]\n\ntext without an end",
        "\n---\ngroups: [hr]\n---\ntext",
        '+++\ngroups = ["hr"]\n+++\ntext',
        "---\n" + "a: b\n" * LONGEST + "groups: [hr]\n---\nx",
        "---\ngroups: [hr]\ndate: 2024-13-45\n---\nx",
    ],
)
def test_a_slip_about_groups_bars_the_document(text: str) -> None:
    found = header(text)
    assert found.barred and found.groups is None


@pytest.mark.parametrize(
    "text",
    [
        "---\na: [\n---\nx",
        "---\njust words\n---\nx",
        "---\n[[[[[[[[\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
        "---\n---\nx",
    ],
)
def test_front_matter_that_is_no_mapping_says_nothing(text: str) -> None:
    found = header(text)
    assert (dict(found.meta), found.groups, found.barred) == ({}, None, "")


def test_a_title_with_a_colon_is_read_although_it_is_no_yaml() -> None:
    assert header("---\ntitle: Setup: the basics\n---\n").title == "Setup: the basics"


def test_text_about_groups_below_a_rule_is_no_front_matter() -> None:
    assert not header("---\n\nA text.\n\ngroups: how to write them\n").barred
