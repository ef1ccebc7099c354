"""Where the library's log lines go: to the standard library's `logging`, below the name `citeward`.

An event has a name and fields, as `route.chosen` with the model and the reason. A handler finds them as `record.event`
and `record.fields`; the message is both in one line of text. Nothing is shown until the application configures logging
(PEP 282's way for libraries: a NullHandler and no level); the command line does so in `citeward.cli.logs`.

Other programs' words (a model server's reply, a library's exception) are logged as the field `detail`, always through
`masked`. It is a filter for logs: it takes out more than the guards do, and it needs neither models nor word lists.
"""

from __future__ import annotations

import html
import logging
import re
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, cast

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.stdlib import BoundLogger, filter_by_level

NAME = "citeward"
SHOWN = 500
"""Characters of another program's words in one log line, at most."""
_READ = 4_000
"""Characters of another program's words that are looked at; the rest is dropped."""
_COMMON = 10
"""Characters from which on a run of text that the request has too counts as an echo of it."""
_FRAMES = 12
"""Frames of a traceback that are logged, the innermost."""

logging.getLogger(NAME).addHandler(logging.NullHandler())

_PREFIXED = (
    r"(?:[sprg]k-[A-Za-z0-9_-]{6,}|(?:[sprg]k|gh[pousr]|github_pat|glpat|xox[abeoprs]|npm|pypi|hf|dapi|shp(?:at|ca|pa|ss)|do[opr]_v1|GOCSPX|nvapi|"
    r"gsk|AKIA|ASIA|AIza|SG|key|tok|sess)[-_.]?(?=[A-Za-z_.-]*[0-9])[A-Za-z0-9_.-]{12,})"
)
_LIGHT = re.compile(
    rf"(?P<SECRET>(?<![A-Za-z0-9]){_PREFIXED}"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"
    r"|(?<=://)[^\s/:@]{0,64}:[^\s/@]{1,128}(?=@))"
    r"|(?P<EMAIL>[^\s@＠<>\"'(),;:=]{1,64}(?:[@＠]|%40)[^\s@＠<>\"'(),;:]{1,190}\.[^\W\d_]{2,24})"
)
"""What no field of a log line may hold: credentials and e-mail addresses."""
_STRONG = re.compile(
    r"(?P<URL>(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,15}:\\?/\\?/[^\s\"'<>]+)"
    rf"|{_LIGHT.pattern}"
    r"|(?P<TOKEN>(?<![A-Za-z0-9])(?=[A-Za-z0-9+/_]{0,255}[0-9])(?=[A-Za-z0-9+/_]{0,255}[A-Za-z])[A-Za-z0-9+/_]{20,}={0,2}"
    r"|-----BEGIN[^-]{1,40}-----[^-]*(?:-----END[^-]{1,40}-----)?)"
    r"|(?P<IP>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w])"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]))"
    r"|(?P<HOST>(?<![\w.-])(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}:\d{2,5}(?!\w)"
    r"|(?<![\w.-])(?:[\w-]{1,63}\.){2,8}[A-Za-z][\w-]{1,62}(?![\w-])"
    r"|(?<![\w.-])[\w-]{1,63}\.(?:com|net|org|io|ai|dev|app|cloud|local|internal|intern|corp|lan|svc|home|test|example)"
    r"(?![\w-]))"
    r"|(?P<NUMBER>(?<!\w)\+?\d(?:[ .()\u00a0\u2010-\u2015/-]{0,2}\d){8,})"
)
"""What another program's words may not hold in a log either: addresses of the network, tokens, long numbers."""
_SAID = re.compile(
    r"(?i)((?:api[-_ ]?key|access[-_ ]?key|token|secret|passw(?:or)?d|passphrase|pwd|authorization|cookie|credential)s?"
    r"[\"']?\s{0,3}(?:provided|given|is|was)?\s{0,3}[:=]\s{0,3}(?:[\"']?(?:bearer|basic)\s{1,3})?|\b(?:bearer|basic)\s{1,3})"
    r"[\"'`]?(?!<)(?=[^\s\"'`,;}]*[^\d\s\"'`,;}])[^\s\"'`,;}]{4,}"
)
"""A value that the words before it call a secret."""
_INPUT = re.compile(r"\binput_value=.*?(?=, input_type=|\]|$)", re.DOTALL)
"""Where pydantic repeats what it was given."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([nrt\"'/\\]))")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t"}


def get_logger(name: str) -> BoundLogger:
    """The logger of a module, by its `__name__`. What the application configured of structlog does not touch it."""
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[filter_by_level, merge_contextvars, _to_record],
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("BoundLogger", logger)


@contextmanager
def within_run(run_id: str) -> Iterator[None]:
    """Every line that is logged in the block, and in tasks that begin there, names the run."""
    with bound_contextvars(run_id=run_id):
        yield


def masked(text: str, *, request: Any = None) -> str:
    """Another program's words as a log may have them: one line, at most `SHOWN` characters.

    Credentials, e-mail and network addresses, URLs and long numbers become their kind in angle brackets, and what the
    request said becomes `<REQUEST>`: servers like to repeat the prompt that they refuse. Control characters and those
    that change the direction of text are escaped.

    Args:
        text: The words.
        request: What was sent, as JSON has it; every text in it is looked for.

    >>> masked("Incorrect API key provided: hunter2. See https://llm.corp/keys, or ask ops@corp.example.")
    'Incorrect API key provided: <SECRET> See <URL> or ask <EMAIL>.'
    """
    if len(text) > _READ:
        # Half of a secret at the cut would not be seen as one.
        text = text[:_READ].rsplit(maxsplit=1)[0][:_READ]
    text = _INPUT.sub("input_value=<INPUT>", text)
    if request is not None:
        text = _without_echo(_unescaped(text), "\0".join(_texts(request)))
    text = _SAID.sub(r"\1<SECRET>", text)
    text = _STRONG.sub(lambda found: f"<{found.lastgroup}>", text)
    return escaped(" ".join(text.split()))[:SHOWN]


def escaped(text: str) -> str:
    r"""The text with control characters, and those that change the direction of text, as `\x1b` and `\u202e`."""
    return _CONTROL.sub(lambda found: _escape(found.group()), text)


def traced(error: BaseException) -> str:
    """Where an exception came from, for a log: its frames, innermost last, and its own words, masked."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < 2 * _FRAMES:
        frames = traceback.extract_tb(seen.__traceback__)[-_FRAMES:]
        place = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        lines.append(f"{type(seen).__name__}: {masked(str(seen))}" + (f" at {place}" if place else ""))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "; caused by ".join(lines)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _texts(value: Any) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _unescaped(text: str) -> str:
    """The text with HTML's and JSON's escapes read, so that an echo looks as what was sent."""

    def read(found: re.Match[str]) -> str:
        number, letter = found.groups()
        return chr(int(number, 16)) if number else _SIMPLE.get(letter, letter)

    return _ESCAPE.sub(read, html.unescape(text))


def _without_echo(text: str, sent: str) -> str:
    """The text with every run of `_COMMON` characters and more that `sent` has too replaced; letters' case and the
    kind of white space make no difference."""
    text, sent = " ".join(text.split()), " ".join(sent.split()).lower()
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form has two characters
        text = lowered
    runs = {lowered[at : at + _COMMON] for at in range(len(lowered) - _COMMON + 1)}
    common = {run for at in range(len(sent) - _COMMON + 1) if (run := sent[at : at + _COMMON]) in runs}
    pieces, at, kept = [], 0, 0
    while at + _COMMON <= len(lowered):
        if lowered[at : at + _COMMON] not in common:
            at += 1
            continue
        end = at + _COMMON
        while lowered[end - _COMMON + 1 : end + 1] in common:
            end += 1
        pieces.append(text[kept:at] + "<REQUEST>")
        at = kept = end
    return "".join(pieces) + text[kept:]


def _to_record(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], Mapping[str, Any]]:
    """What `logging` is called with: one line of text, and beside it the event's name and fields as they are."""
    passed = {key: event.pop(key) for key in ("exc_info", "stack_info") if key in event}
    name, fields = str(event.pop("event")), {key: _field(value) for key, value in event.items()}
    text = " ".join((name, *(f"{key}={value!r}" for key, value in fields.items())))
    # `logging` formats with its arguments, of which there are none: a per cent sign stays one.
    return (text,), {**passed, "extra": {"event": name, "fields": fields}}


def _field(value: Any) -> Any:
    return _LIGHT.sub(lambda found: f"<{found.lastgroup}>", value) if isinstance(value, str) else value
