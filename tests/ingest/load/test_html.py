import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.html import html

PAGE = """<!doctype html><html><head><title>Setup &mdash; Guide 2.1</title><style>p {}</style></head><body>
<header><a href="/">Logo</a><nav>Home | Docs</nav></header>
<div class="sidebar" role="navigation">Other pages</div>
<main>
<h1>Set&shy;up<a class="headerlink" href="#s">¶</a></h1>
<p>Install   <em>it</em>
with <a href="x">the tool</a>.</p><script>alert(1)</script>
<div class="highlight-python notranslate"><div class="highlight"><pre><span>def</span> f():
    return 1
</pre></div></div>
<aside>Mind the <b>gap</b>.</aside>
<p hidden>Not seen.</p><p style="display: none">Nor this.</p>
</main>
<footer>Copyright</footer></body></html>"""


def test_a_page_becomes_what_its_reader_came_for() -> None:
    found = html(PAGE.encode())
    assert found.title == "Setup"
    assert found.text == (
        "# Setup\n\nInstall it with the tool.\n\n```python\ndef f():\n    return 1\n```\n\nMind the gap."
    )


def test_without_a_heading_the_title_is_the_pages() -> None:
    found = html(b"<title>\n A &amp; B </title><p>x")
    assert (found.title, found.text) == ("A & B", "x")


def test_without_main_or_article_the_body_is_taken_but_for_its_header_and_footer() -> None:
    page = b"<header><img><h1>Title</h1>Log in</header><p>Text.</p><aside>Ads</aside><footer>Imprint</footer>"
    assert html(page).text == "# Title\n\nText."


def test_one_article_is_the_page_and_several_are_all_taken() -> None:
    article = "<article><header><h1>One</h1></header><p>Text.</p><footer>By me</footer></article>"
    assert html(f"<p>Menu</p>{article}".encode()).text == "# One\n\nText.\n\nBy me"
    assert html(f"<p>News</p>{article}{article}".encode()).text.startswith("News\n\n# One")


def test_the_charset_of_the_response_counts_before_the_pages() -> None:
    page = "<meta charset=utf-8><p>Grüße".encode("latin-1")
    assert html(page, charset="iso-8859-1").text == "Grüße"


def test_an_xhtml_page_with_its_declaration_is_read() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>é&nbsp;ü'
    assert html(page.encode("latin-1")).text == "é ü"


@pytest.mark.parametrize("page", ["", " ", "<!-- only a comment -->", "<script>x</script>", "<div id=root></div>"])
def test_a_page_without_text_is_refused(page: str) -> None:
    with pytest.raises(UnsupportedDocument, match="no text"):
        html(page.encode())


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul"])
def test_a_page_nested_without_end_is_refused_and_a_deep_one_is_read(tag: str) -> None:
    with pytest.raises(UnsupportedDocument, match="nested too deeply"):
        html(f"<{tag}>".encode() * 5000 + b"x")
    assert html(f"<{tag}>".encode() * 1000 + b"word").text.endswith("word")


@settings(deadline=None)
@given(st.binary() | st.text(alphabet="<>/ahpredivultb=\" &#x;'").map(str.encode))
def test_any_bytes_are_a_page_or_refused(content: bytes) -> None:
    try:
        found = html(content)
    except UnsupportedDocument:
        return
    assert found.text.strip()
