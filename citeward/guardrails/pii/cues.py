"""What the words before a number say that it is.

A row of digits alone may be anything; "my passport number is" before it leaves little doubt. Only what stands before
is asked, since a stream does not wait for what comes after, and no further back than `REACH`, so that the answer is
the same however a text is cut.
"""

from __future__ import annotations

import re
from enum import StrEnum

REACH = 48
"""Characters before a number in which a cue is looked for."""


class Cue(StrEnum):
    """What a number is said to be."""

    PHONE = "phone"
    PASSPORT = "passport"
    LICENCE = "licence"
    ACCOUNT = "account"
    CARD = "card"
    SOCIAL = "social"
    TAXPAYER = "taxpayer"
    HEALTH = "health"
    PASSWORD = "password"
    OTHER = "other"
    """Something that is nobody's; it takes the word from a cue further back."""


_CUES = re.compile(
    r"""(?i)(?<![^\W_])(?:
      (?P<passport>passports?|passeport|reisepass|pasaporte)
    | (?P<licence>
        driv(?:er|ing)(?:[’']?s|s[’'])?[ ]?(?:licen[cs]e|permit)
        | licen[cs]e[ ](?:number|no\.?|id|\#) | dl[ ]?(?:no\.?|number|\#|:))
    | (?P<account>
        (?:bank|checking|savings|current)[ ](?:account|acct) | (?:account|acct)\.?[ ]?(?:number|no\.?|nr\.?|\#))
    | (?P<card>cards?|cc|visa|mastercard|amex|maestro)
    | (?P<social>ssn|social[ ]security)
    | (?P<taxpayer>itin|taxpayer[ ]id(?:entification)?)
    | (?P<health>nhs)
    | (?P<phone>
        (?:tele|smart)?phones?|tel|mobile|cell(?:phone)?|fax|call(?:s|ed|ing)?|dial(?:l?ed|l?ing)?|reach(?:ed|able)?
        |ring|sms|text(?:s?[ ]me)?|whatsapp|landline|hotline|answering|(?:receiving|get|getting)[ ]messages|registered
        |contact(?:[ ]me)?|ext|(?:my|his|her|our|their|your)[ ]number
        |(?:office|desk|home|work)(?=[ ]?(?::|phone|number|line|tel)))
    | (?P<password>
        passwords?|passwd|pwd|passphrase|secret(?:[ _-]?key)?|api[ _-]?keys?|access[ _-]?(?:key|token)
        |auth[ _-]?token|client[ _-]?secret|bearer|credentials?)
    | (?P<other>
        orders?|invoices?|tickets?|refs?|reference|cases?|zip|post(?:al)?[ ]?codes?|serial|isbn|issn|doi|version
        |tracking|sku|model|article|population|years?|address)
    )(?![^\W_])""",
    re.VERBOSE,
)
_SENTENCE_END = re.compile(r"(?<![Nn][or])[.!]\s")


def cue(before: str, /) -> Cue | None:
    """The last thing said, in the same sentence, at the end of `before`."""
    said = list(_CUES.finditer(before, max(0, len(before) - REACH)))
    if not said or _SENTENCE_END.search(before, said[-1].end()):
        return None
    return Cue(said[-1].lastgroup or "")
