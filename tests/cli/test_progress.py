import io

from rich.console import Console

from citeward.cli.progress import WINDOW, Pace, Step, showing


def _step(seconds: float, share: float, rate: float = 40.0) -> Step:
    return Step(done=int(share * 200), total=200, what="files", share=share, rate=rate, seconds=seconds)


def test_a_log_gets_a_line_every_few_seconds_with_rate_and_time_left() -> None:
    written = io.StringIO()
    with showing(Console(file=written, width=40), "indexing") as show:
        for second in range(12):
            show(_step(float(second), second / 20))
    assert written.getvalue().splitlines() == [
        "indexing: 50/200 files, 40 passages/s, about 0:15 left, 0:05 so far",
        "indexing: 100/200 files, 40 passages/s, about 0:10 left, 0:10 so far",
    ]


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)
    with showing(console, "indexing") as show:
        show(_step(0.0, 0.0))
        show(_step(3700.0, 0.5))
    assert "100/200 files, 40 passages/s, about 1:01:40 left" in written.getvalue()


def test_what_went_by_fast_at_first_does_not_promise_a_fast_end() -> None:
    pace = Pace()
    pace.left(seconds=0.0, share=0.0)
    pace.left(seconds=1.0, share=0.5)
    for tenth in range(11, 1 + int(WINDOW) * 20):
        left = pace.left(seconds=tenth / 10, share=0.5 + tenth / 10_000)
    assert left is not None and 430 < left < 450


def test_nothing_is_promised_before_anything_is_known() -> None:
    pace = Pace()
    assert pace.left(seconds=0.0, share=0.0) is None
    assert pace.left(seconds=0.5, share=0.5) is None
    assert pace.left(seconds=9.0, share=0.0) is None
