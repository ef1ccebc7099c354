"""API keys, tokens and private keys, by the shapes that their issuers publish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, cue

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
    "HF_TOKEN": r"hf_[A-Za-z0-9]{30,}",
    # A digit is asked for, or `sk-` would also begin long hyphenated names.
    "API_KEY": r"sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}",
    # The signature is optional: a stream may have to decide before it has come.
    "JWT": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?",
    PRIVATE_KEY: (
        r"-----BEGIN (?:[A-Z0-9]{1,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?: ?[A-Za-z0-9+/=\\]{16,})*[A-Za-z0-9+/=\\]*"
    ),
    "URL_PASSWORD": r"[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,64}:[^\s/@]{3,64}@",
}
_PATTERN = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(f"(?P<{kind}>{shape})" for kind, shape in _SHAPES.items()) + ")")

KINDS: tuple[str, ...] = tuple(_SHAPES)
"""What `credentials` can find."""
SHORTEST = 9
"""No shape is shorter than this."""


SECRET = "SECRET"
"""A password or key of no known shape, told by the words before it."""
# Letters and digits both, or every word after "password" would be one.
_VALUE = re.compile(r"(?<![\w])(?=[^\s,;=:]*[0-9])(?=[^\s,;=:]*[A-Za-z])[^\s,;=:'\"`<>(){}\[\]]{8,512}={0,2}(?<![.!?])")


def secrets(text: str, before: str = "", /) -> Iterator[Finding]:
    """Words with letters and digits that are said to be a password, a key or a token; score .5."""
    for match in _VALUE.finditer(text):
        if cue(before + text[: match.start()]) is Cue.PASSWORD:
            yield Finding(kind=SECRET, start=match.start(), end=match.end(), score=0.5)


def credentials(text: str, _before: str = "", /) -> Iterator[Finding]:
    """Every credential in `text`, each with score 1: the shapes are too particular to be chance."""
    if len(text) < SHORTEST:
        return
    for match in _PATTERN.finditer(text):
        yield Finding(kind=match.lastgroup or "", start=match.start(), end=match.end())
