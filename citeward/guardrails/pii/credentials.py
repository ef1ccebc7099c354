"""API keys, tokens and private keys, by the shapes that their issuers publish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, context
from citeward.guardrails.pii.keys import FIRST_LINE

PRIVATE_KEY = "PRIVATE_KEY"

# Every shape begins with a fixed prefix and goes on in one character class, so that matching is linear. The prefix
# must not stand inside a longer word.
_SHAPES = {
    "AWS_ACCESS_KEY": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "GITHUB_TOKEN": r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "GITLAB_TOKEN": r"glpat-[A-Za-z0-9_-]{20,}",
    "SLACK_TOKEN": r"xox[abeoprs]-[A-Za-z0-9-]{15,}",
    "STRIPE_KEY": r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "GOOGLE_API_KEY": r"AIza[A-Za-z0-9_-]{35}",
    "NPM_TOKEN": r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    "PYPI_TOKEN": r"pypi-AgE[A-Za-z0-9_-]{50,}",
    "SENDGRID_KEY": r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",
    "DATABRICKS_TOKEN": r"dapi[0-9a-f]{32}(?![A-Za-z0-9])",
    "DIGITALOCEAN_TOKEN": r"do[opr]_v1_[0-9a-f]{64}",
    "SHOPIFY_TOKEN": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "GOOGLE_SECRET": r"GOCSPX-[A-Za-z0-9_-]{20,}",
    "TELEGRAM_TOKEN": r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
    "SLACK_WEBHOOK": r"https://hooks\.slack\.com/services/T[A-Za-z0-9_/]{20,}",
    "AGE_SECRET_KEY": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    "HF_TOKEN": r"hf_[A-Za-z0-9]{30,}",
    # A digit is asked for, or `sk-` would also begin long hyphenated names.
    "API_KEY": r"sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}",
    # The signature is optional: a stream may have to decide before it has come.
    "JWT": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?",
    PRIVATE_KEY: FIRST_LINE,  # a scanner follows it from there
    "URL_PASSWORD": r"[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:[^\s/@]{3,64}@",
}
_PATTERN = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(f"(?P<{kind}>{shape})" for kind, shape in _SHAPES.items()) + ")")

KINDS: tuple[str, ...] = tuple(_SHAPES)
"""What `credentials` can find."""
SHORTEST = 9
"""No shape is shorter than this."""


SECRET = "SECRET"
"""A password or key of no known shape, told by the words before it."""
_LEAST, _LEAST_DIRECT = 8, 6
"""Characters of a value; fewer are enough where a colon or the like says that the value follows."""
# Of scripts without spaces between words, the words behind a value are no part of it.
_VALUE = re.compile(
    r"[^\s,;=:'\"`<>(){}\[\]\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]"
    r"{6,512}+={0,2}"
)
_DIRECT = re.compile(
    r"(?:[:=>]|\b(?:is|are|was|ist|lautet|war|est|es|era|é|è|je|to|jest|är|er|на|это)\s|[是为為はが는은]|คือ)\s*[\"'`(]{0,2}\Z"
)
_LOOKED_UP = re.compile(r"\w[(\[]")
_ASSIGNED = re.compile(r"[^=]*=[^=>\"'`]*")
# What stands for a value: a variable's name, an attribute, a file, a path, a version, a word with a number in it.
_NO_VALUE = re.compile(
    r"""
      \$\{?\w+\}?|%\w+%|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+
    | (?:os|sys|process|env|config|settings|self|this|app|ctx|context|request|req|args|options|opts|props|secrets|vault
        |params|conf|cfg|data|user|session|state|import|st|var|local|module|values)(?:\.\w+)+
    | .+\.(?:pdf|docx?|txt|md|csv|xlsx?|json|ya?ml|toml|ini|cfg|env|py|js|ts|sh|zip|png|jpe?g|html?|pem|key|crt)
    | \.{0,2}/[\w./-]*|[\w.-]*/[\w./-]*/[\w.-]*|v?\d+(?:\.\d+)+[\w.-]*
    | \d{1,4}-[a-z]+(?:-[a-z]+)*|[A-Za-z]+\d{0,3}(?:-[a-z]+)+
    """,
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def secrets(text: str, before: str = "", /) -> Iterator[Finding]:
    """Words with letters and digits that are said to be a password, a key or a token; score .5."""
    said = context(before, text)
    for match in _VALUE.finditer(text):
        start, value = match.start(), match[0].rstrip(".!?")
        if len(value) < _LEAST_DIRECT or not any(map(str.isdecimal, value)) or not any(map(str.isalpha, value)):
            continue
        hit = said.last(start + len(before))
        if hit is None or hit.cue is not Cue.PASSWORD or hit.end > start + len(before):
            continue
        gap = said.between(hit, start + len(before))
        direct = _DIRECT.search(gap) is not None
        # Of a word that is only somewhere near, a single digit may as well be a footnote's.
        if not direct and (len(value) < _LEAST or (gap.strip() and sum(map(str.isdecimal, value)) < 2)):
            continue
        if _is_code(text, value, match.end(), gap):
            continue
        yield Finding(kind=SECRET, start=start, end=start + len(value), score=0.5)


def _is_code(text: str, value: str, end: int, gap: str) -> bool:
    """Whether the word stands for a value that is somewhere else, as in `os.environ["KEY2"]`."""
    if text[end : end + 1] in ("(", "[") or _LOOKED_UP.search(gap) or _NO_VALUE.fullmatch(value):
        return True
    return _ASSIGNED.fullmatch(gap) is not None and _ATTRIBUTE.fullmatch(value) is not None


def credentials(text: str, _before: str = "", /) -> Iterator[Finding]:
    """Every credential in `text`, each with score 1: the shapes are too particular to be chance."""
    if len(text) < SHORTEST:
        return
    for match in _PATTERN.finditer(text):
        yield Finding(kind=match.lastgroup or "", start=match.start(), end=match.end())
