import pytest

from citeward.ingest.load.html import html


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("10<sup>6</sup> m<sup>2</sup>, 1<sup>st</sup>, H<sub>2</sub>O", "10^6 m^2, 1st, H2O"),
        ("a <code>x  y</code> <kbd>`</kbd>", "a `x y` `` ` ``"),
        ("&lt;b&gt; &copy; soft&shy;hyphen&nbsp;zero\u200bwidth", "<b> © softhyphen zerowidth"),
        ("<math><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></math>", "$x^2$"),
        ("a<span aria-hidden=true>icon</span>b <svg><text>no</text></svg>c", "ab c"),
    ],
)
def test_running_text_says_what_the_page_shows(page: str, text: str) -> None:
    assert html(page.encode()).text == text
