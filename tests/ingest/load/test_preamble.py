"""Groups that are named at the head of a text, in whatever way, never leave it open to everyone."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped, read
from citeward.ingest.load.group_keys import means_groups
from citeward.ingest.load.header import header
from citeward.settings import IndexSettings

LINE_ENDS = ["\n", "\r\n", "\r", "\n\r", "\r\r\n", "\v", "\x85", "\u2028", "\u2029"]
BEFORE = [
    "",
    "\ufeff",
    "\ufeff\ufeff",
    "\n",
    "\n\n \n",
    " ",
    "\u200b",
    "\u00a0",
    "ï»¿",
    "<!-- Copyright 2026 -->\n",
    "<!--\nCopyright\n2026\n-->\n\n",
    "Copyright 2026 Example\n",
    "import Note from './note'\n\n",
    "---\ntitle: T\n---\n",
    "# Pay\n\n",
    "% Pay\n% A. Author\n\n",
]
FENCES = [
    ("---", "---"),
    ("---", "..."),
    ("--- ", "---\t"),
    ("+++", "+++"),
    ("----", "----"),
    ("—", "—"),
    ("***", "***"),
]
KEYS = [
    "groups",
    "Groups",
    "GROUPS",
    "group",
    "goups",
    "gruops",
    "gropus",
    "grups",
    "groupss",
    "access_groups",
    "access-groups",
    "allowedGroups",
    "gro\u200bups",
    "gr\u043eups",
    "ｇｒｏｕｐｓ",
    "gròups",
    "groups\u00a0",
    "Gruppen",
    "groupes",
    "группы",
    "グループ",
    "用户组",
]
PAIRS = [
    "{}: [hr]",
    "{}: hr",
    "{} : [hr]",
    "{}:\n  - hr",
    "{}:[hr]",
    '"{}": [hr]',
    "'{}': [hr]",
    "? {}\n: [hr]",
    "{} = [hr]",
    "{}：[hr]",
]
INDENTS = ["", " ", "  ", "\t"]
OTHERS = st.lists(
    st.sampled_from(
        ["title: Pay", "tags: [a, b]", "", "date: 2026-01-02", "author: 'A'", "# a comment", "n: 1", "a: [", "x: 'y"]
    ),
    max_size=3,
)


@pytest.mark.fuzz
@given(
    before=st.sampled_from(BEFORE),
    fences=st.sampled_from(FENCES),
    key=st.sampled_from(KEYS),
    pair=st.sampled_from(PAIRS),
    indent=st.sampled_from(INDENTS),
    above=OTHERS,
    below=OTHERS,
    end=st.sampled_from(LINE_ENDS),
    closed=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    suffix=st.sampled_from([".md", ".markdown", ".mdx", ".txt", ".rst", ".adoc"]),
)
@example("", ("---", "---"), "groups", "{}: [hr]", "", ["title: Pay"], [], "\r", True, "utf-8", ".md")
@example("\ufeff", ("---", "---"), "groups", "{}: [hr]", "", ["title: Pay"], [], "\n", True, "utf-8-sig", ".md")
@example("", ("+++", "+++"), "groups", "{} = [hr]", "", ["title: Pay", ""], [], "\n", True, "utf-8", ".md")
@example("", ("---", "---"), "group", "{}: hr", "", ["title: Pay"], [], "\n", True, "utf-8", ".md")
@example("<!-- c -->\n", ("---", "---"), "groups", "{}: [hr]", "", ["title: Pay"], [], "\n", True, "utf-8", ".md")
def test_a_head_that_seems_to_name_groups_never_opens_a_document(
    tmp_path_factory,
    before: str,
    fences: tuple[str, str],
    key: str,
    pair: str,
    indent: str,
    above: list[str],
    below: list[str],
    end: str,
    closed: bool,
    encoding: str,
    suffix: str,
) -> None:
    named = [indent + line for line in pair.format(key).split("\n")]
    closing = [fences[1]] if closed or before not in BEFORE[:11] else []
    lines = [fences[0], *above, *named, *below, *closing, "", "# Pay", "", "The director earns 900 euros a day.", ""]
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes((before + "\n".join(lines)).replace("\n", end).encode(encoding))
    (item,) = read(path, base=path.parent)
    if isinstance(item, Document):
        assert item.groups == ("hr",)
    else:
        assert not item.keep and item.source == f"any{suffix}"


@pytest.mark.parametrize(
    "text",
    [
        "---\naccess:\n  groups: [hr]\n---\nx",
        "---\n{title: Pay, access: {groups: [hr]}}\n---\nx",
        "---\ndescription: |\n  a\n  groups: [hr]\n---\nx",
        "---\ntitle: 'Pay\ngroups: [hr]\nauthor: O'\n---\nx",
        "---\ntitle: Pay groups: [hr]\n---\nx",
        "---\ntitle: Pay\ngroups [hr]\n---\nx",
        "---\ntitle: Pay\n---\ngroups: [hr]\n---\nx",
        "---\ntitle: Pay\n---\n---\ngroups: [hr]\n---\nx",
        '{"title": "Pay", "groups": ["hr"]}\n# Pay',
        '{\n"title": "Pay",\n"groups": ["hr"]\n}\n\n# Pay',
        "Title: Pay\nGroups: hr\n\n# Pay",
        "**Groups:** hr\n\n# Pay",
        "<!-- groups: hr -->\n# Pay",
        "```yaml\n---\ngroups: [hr]\n---\n```\n# Pay",
        "---title: Paygroups: [hr]---# Pay",
        "\n---\nPay for all\ngroups: [hr]\n---\nx",
        "---\na: &a [hr]\ngroups: *a\n---\nx",
        "---\nd: &d {groups: [hr]}\n<<: *d\n---\nx",
        "---\n? [groups, x]\n: [hr]\n---\nx",
        "---\n- groups: [hr]\n---\nx",
    ],
)
def test_groups_that_are_lost_bar_the_document(text: str) -> None:
    assert header(text).barred and header(text).groups is None


@pytest.mark.parametrize(
    "text",
    [
        "Groups: an introduction\n=======\n\ntext",
        "# Groups: an introduction\n\ngroups: text",
        "- [Groups](groups.md): about groups\n",
        "---\nprops: 1\ntags: [groups]\nage: 3\n---\nx",
        '---\ntitle: "Groups: an introduction"\n---\nx',
        "---\ndescription: >\n  this is about\n  groups of people\n---\nx",
        "---\n# groups: [hr]\ntitle: x\n---\nx",
        "# How to\n\n```yaml\n---\ngroups: [hr]\n---\n```\n",
        "Groups of users may read it: see below.\n",
        "Some text.\n\n---\n\nMore text.\n\n---\n",
    ],
)
def test_a_text_about_groups_is_open(text: str) -> None:
    assert not header(text).barred


def test_the_reason_names_the_key_and_a_setting_lets_it_mean_something_else(reading) -> None:
    (skipped,) = reading("a.md", "---\nage_group: adults\n---\ntext")
    assert isinstance(skipped, Skipped) and "'age_group'" in skipped.reason
    (document,) = reading(
        "a.md", "---\nage_group: adults\n---\ntext", settings=IndexSettings(other_keys=("age_group",))
    )
    assert isinstance(document, Document) and dict(document.meta) == {"age_group": "adults"}


def test_a_page_with_front_matter_that_names_groups_is_barred(reading) -> None:
    (skipped,) = reading("a.html", "---\ngroups: [hr]\n---\n<h1>Pay</h1>")
    assert isinstance(skipped, Skipped) and not skipped.keep


def test_groups_are_read_whatever_the_line_ends(reading) -> None:
    for end in ("\n", "\r\n", "\r"):
        (document,) = reading("a.md", end.join(["---", "title: Pay", "groups: [hr]", "---", "", "# Pay"]))
        assert (document.title, document.groups) == ("Pay", ("hr",))


@pytest.mark.parametrize(
    "key", ["title", "props", "age", "graph", "grid", "crops", "tags", "gpus", "grape", "rows", "grows"]
)
def test_other_words_are_other_words(key: str) -> None:
    assert not means_groups(key)


def test_work_on_front_matter_is_bounded(reading) -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    (skipped,) = reading("a.md", f"---\n{laughs}groups: *a59\n---\ntext")
    assert isinstance(skipped, Skipped) and len(skipped.reason) < 300
    merges = "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60))
    (document,) = reading("a.md", f"---\n{merges}---\ntext")
    assert isinstance(document, Document)
