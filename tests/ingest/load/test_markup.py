import pytest

from citeward.ingest.load.html import html


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h2>A <code>b</code></h2><h6>c</h6>", "## A `b`\n\n###### c"),
        ("one<br>two<p>three", "one\ntwo\n\nthree"),
        ("<p>a<span> b</span>c <i>d</i></p>", "a bc d"),
        ("<ul><li>a<li>b<ol start=3><li>c<li>d</ol></ul>", "- a\n- b\n  3. c\n  4. d"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n\n  b\n\n- c"),
        ("<ol><li>run<pre>x\n\ny</pre></li></ol>", "1. run\n\n   ```\n   x\n\n   y\n   ```"),
        ("<dl><dt>f(x)</dt><dd><p>Does it.</p></dd></dl>", "f(x)\n\nDoes it."),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n\n> b"),
        ("<pre class='language-js'><code>a &lt; b</code></pre>", "```js\na < b\n```"),
        ("<pre><code class='lang-c++'>\n\n  x  \n</code></pre>", "```c++\n  x\n```"),
        ("<pre>a<br>b</pre>", "```\na\nb\n```"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        ("<p># no heading<br>1. one<br>``` no fence", "\\# no heading\n1. one\n\\``` no fence"),
        ("<p>---<p>title: x<p>---<p>not front matter", "\\---\n\ntitle: x\n\n\\---\n\nnot front matter"),
        ("<a href=x><h3>Card</h3>text</a>", "### Card\n\ntext"),
        ("<p>a</p> | <p>b</p>", "a\n\nb"),
        ("<details><summary>More</summary>text</details>", "More\n\ntext"),
        ("<form><p>Whole page</p><input value=x><button>Go</button></form>", "Whole page"),
    ],
)
def test_blocks_become_markdown_that_reads_well(page: str, text: str) -> None:
    assert html(page.encode()).text == text


def test_line_numbers_beside_code_are_left_out() -> None:
    page = """<table class="highlighttable"><tr><td class="linenos"><pre>1
2</pre></td><td class="code"><pre>a
b</pre></td></tr></table>"""
    assert html(page.encode()).text == "```\na\nb\n```"
