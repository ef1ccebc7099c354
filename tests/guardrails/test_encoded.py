"""A vault's values in what tools give back: in no encoding do they reach a model."""

import base64
import codecs
import gzip
import html
import json
import quopri
import textwrap
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.encoded import hide_values
from citeward.guardrails.vault import Vault

VALUES = {
    "<EMAIL_1>": "ada.lovelace@example.com",
    "<CREDIT_CARD_1>": "4111 1111 1111 1111",
    "<PHONE_1>": "+1 415 555 2671",
    "<PERSON_1>": "Zoë Käthe Lovelace",
    "<IBAN_1>": "DE89 3704 0044 0532 0130 00",
    "<API_KEY_1>": "sk-Harbour_7Kq42-xYz_and-more",
}
PLAIN = (
    "The harbour opens at seven, and 4 of 12 boats pay 1,200 crowns. See https://harbour.test/ports?page=2 or call "
    'the internationally acknowledged keeper: {"id": 4711, "sha": "9f86d081884c7d659a2feaa0c55ad015"} [1] 日本語。'
)


def vault() -> Vault:
    return Vault.load(VALUES)


def _each(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: "".join(map(write, value))


SAME: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "percent": lambda value: quote(value, safe=""),
    "percent, all": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "percent, twice": lambda value: quote(quote(value, safe=""), safe=""),
    "form": quote_plus,
    "json": lambda value: json.dumps(value)[1:-1],
    "json, all": _each(lambda char: f"\\u{ord(char):04x}"),
    "python": lambda value: repr(value.encode())[2:-1],
    "entities": _each(lambda char: f"&#{ord(char)};"),
    "entities, hex": _each(lambda char: f"&#x{ord(char):X};"),
    "html": html.escape,
    "quoted-printable": lambda value: quopri.encodestring(value.encode()).decode(),
    "spaced": " ".join,
    "dashed": "-".join,
    "dotted": lambda value: ". ".join(value),
    "lines": "\n".join,
    "wrapped": lambda value: "\n   ".join(textwrap.wrap(value, 7, break_long_words=True)),
    "list": '", "'.join,
    "zero width": "\u200b".join,
    "full width": _each(lambda char: chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char),
    "bare": lambda value: "".join(filter(str.isalnum, value)),
}
OTHER: dict[str, Callable[[str], str]] = {
    "reversed": lambda value: value[::-1],
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, one before": lambda value: base64.b64encode(b"x" + value.encode()).decode(),
    "base64, two before": lambda value: base64.b64encode(b"xy" + value.encode() + b"z").decode(),
    "base64, of urls": lambda value: base64.urlsafe_b64encode(b"?" + value.encode()).decode().rstrip("="),
    "base64, in lines": lambda value: "\n".join(textwrap.wrap(base64.b64encode(value.encode() * 3).decode(), 76)),
    "base64, twice": lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
    "base64 of utf-16": lambda value: base64.b64encode(value.encode("utf-16-le")).decode(),
    "base64 of json": lambda value: base64.b64encode(json.dumps({"v": value}).encode()).decode(),
    "base64 of percent": lambda value: base64.b64encode(quote(value, safe="").encode()).decode(),
    "base32": lambda value: base64.b32encode(value.encode()).decode(),
    "base85": lambda value: base64.b85encode(value.encode()).decode(),
    "ascii85": lambda value: base64.a85encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex, in upper case": lambda value: value.encode().hex().upper(),
    "hex, spaced": lambda value: value.encode().hex(" "),
    "hex, colons": lambda value: value.encode().hex(":"),
    "hex, C": lambda value: ", ".join(f"0x{byte:02x}" for byte in value.encode()),
    "codes": lambda value: " ".join(str(ord(char)) for char in value),
    "bits": lambda value: " ".join(f"{byte:08b}" for byte in value.encode()),
    "zlib": lambda value: base64.b64encode(zlib.compress(value.encode())).decode(),
    "gzip": lambda value: base64.b64encode(gzip.compress(value.encode())).decode(),
}
EACH_VALUE = pytest.mark.parametrize("placeholder", VALUES)


@EACH_VALUE
@pytest.mark.parametrize("how", SAME)
def test_a_value_written_otherwise_becomes_its_own_placeholder(placeholder: str, how: str) -> None:
    text = f"Sent to ( {SAME[how](VALUES[placeholder])} ) today."
    assert hide_values(text, vault()) == f"Sent to ( {placeholder} ) today."


@EACH_VALUE
@pytest.mark.parametrize("how", OTHER)
def test_an_encoded_value_becomes_a_placeholder_that_gives_back_what_was_written(placeholder: str, how: str) -> None:
    kept = vault()
    written = OTHER[how](VALUES[placeholder])
    text = f"The token is {written} today."
    shown = hide_values(text, kept)
    if placeholder == "<API_KEY_1>":
        assert "<API_KEY_1>" in shown  # a credential is given back to nobody, in no encoding
        assert kept.restore(shown) == shown
    else:
        assert kept.restore(shown) == text or placeholder in shown
    assert written not in shown
    assert len(max(shown.split(), key=len)) < 40


@pytest.mark.fuzz
@given(st.data())
def test_whatever_stands_around_it_no_encoding_of_a_value_is_left(data: st.DataObject) -> None:
    placeholder = data.draw(st.sampled_from(sorted(VALUES)))
    first = data.draw(st.sampled_from([*SAME.values(), *OTHER.values()]))
    second = data.draw(
        st.sampled_from([str, str, SAME["percent"], SAME["json"], SAME["html"], OTHER["base64"], OTHER["hex"]])
    )
    written = second(first(VALUES[placeholder]))
    around = st.text(st.sampled_from("abcxyz019 .,;:\n<>()[]{}\"'=/&%@日"), max_size=20)
    before, after = data.draw(around), data.draw(around)
    sign = data.draw(st.sampled_from([" ", "\n", '"', "(", "="]))
    shown = hide_values(f"{before}{sign}{written}{sign}{after}", vault())
    assert written not in shown


def test_other_text_stays_as_it_is() -> None:
    assert hide_values(PLAIN, vault()) == PLAIN
    assert hide_values("mailto:<EMAIL_1> and <PHONE_1>", vault()) == "mailto:<EMAIL_1> and <PHONE_1>"
    assert hide_values("ada.lovelace@example.com", Vault()) == "ada.lovelace@example.com"


@given(st.text(max_size=80))
def test_every_text_can_be_read(text: str) -> None:
    kept = vault()
    shown = hide_values(text, kept, made_from=list(VALUES))
    assert isinstance(shown, str)
    assert hide_values(PLAIN, kept) == PLAIN


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("4111111111111110", "<RESULT_1>"),
        ("It ends in 1111.", "It ends in <RESULT_1>."),
        ("1", "<RESULT_1>"),
        ("sent", "sent"),
        ("sent to <EMAIL_1>, as message 88aa-1f", "sent to <EMAIL_1>, as message <RESULT_1>"),
        ('{"user": "ada", "host": "example"}', '{"user": "<RESULT_1>", "host": "<RESULT_2>"}'),
        ("ecalevol", "<RESULT_1>"),
        ("order 77 is late", "order 77 is late"),
        ("b2c1e0a4d5f6b7c8d9e0f1a2b3c4d5e6", "<RESULT_1>"),
        ("qwertyuiopasdfghjklzxcvbnm", "<RESULT_1>"),
    ],
)
def test_what_may_be_computed_from_a_value_is_hidden_and_comes_back(result: str, shown: str) -> None:
    kept = vault()
    assert hide_values(result, kept, made_from=["<EMAIL_1>", "<CREDIT_CARD_1>"], known='{"order": 77}') == shown
    assert kept.restore(shown) == kept.restore(result)


def test_a_result_of_many_numbers_is_one() -> None:
    kept = vault()
    result = "Rows for <EMAIL_1>: " + ", ".join(str(number * 37) for number in range(1, 200))
    shown = hide_values(result, kept, made_from=["<EMAIL_1>"])
    assert shown == "<RESULT_1>"
    assert kept.restore(shown) == kept.restore(result)
