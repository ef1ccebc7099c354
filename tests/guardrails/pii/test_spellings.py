"""Personal data as people write it: in sentences of any script, with any separators, digits and escapes."""

import itertools
import random
import unicodedata
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.guard import redacted
from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.reading import is_latin
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.scan import HOLDBACK, Scanner, joined
from citeward.guardrails.vault import Vault

FIND = finder(floor=0.4)
# A word may say what follows, as some numbers are told by it alone.
SENTENCES = {
    "English": "Please note {} for the file",
    "Chinese": "请记下{}谢谢",
    "Japanese": "これは{}です",
    "Korean": "이것은 {}로 적어 주세요",
    "Thai": "กรุณาจด{}ครับ",
    "Russian": "запишите,пожалуйста:{}спасибо",
    "Arabic": "اكتب {} من فضلك",
    "Hindi": "कृपया {}लिखें",
    "Greek": "γράψε «{}» τώρα",
    "brackets": "({})",
    "Markdown": "**{}**",
    "JSON": '{{"a": "{}"}}',
    "table": "| {} |",
}
SPACES = ["\u00a0", "\u2009", "\u202f", "\u2007", "\u3000"]
DASHES = ["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d"]
SEPARATORS = ["", " ", "-", ".", "\u00b7", " - ", *SPACES, *DASHES]


def fullwidth(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def digits_of(zero: int):
    return lambda text: "".join(chr(zero + int(char)) if char.isdecimal() else char for char in text)


def escaped(code: str):
    """Every sign that is no letter or digit as an escape."""
    return lambda text: "".join(char if char.isalnum() else code.format(ord(char)) for char in text)


def broken(text: str) -> str:
    return "\u200b".join(text)


WRITTEN = {
    "plain": str,
    "full width": fullwidth,
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "percent, twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "entities": escaped("&#{};"),
    "hexadecimal entities": escaped("&#x{:x};"),
    "string literal": escaped("\\u{:04x}"),
    "zero width spaces": broken,
    "soft hyphens": lambda text: text.replace("a", "a\u00ad"),
}
MAILS = [
    "mia@firma.de",
    "mia.k+news@mail.firma.co.uk",
    "o'brien@firma.ie",
    "mia@intern.firma.corp",
    "mia@mail.firma.internal",
    "mia@nas.local",
    "mia@bücher.example",
    "mia@xn--bcher-kva.de",
]
SCRIPTS = ["иван@пример.рф", "用户@例子.公司", "用户@例子.cn"]
NUMBERS = {
    "CREDIT_CARD": ["4294 1996 8255 0949", "5555 5555 5555 4444", "3782 822463 10005", "6200 0000 0000 0005"],
    "US_SSN": ["536 22 8412"],
    "IBAN_CODE": ["NL91 ABNA 0417 1643 00", "DE89 3704 0044 0532 0130 00", "FR14 2004 1010 0505 0001 3M02 606"],
}
PHONES = [
    "+49 30 901820",
    "+86 138 1234 5678",
    "138 1234 5678",
    "13812345678",
    "090-1234-5678",
    "010-1234-5678",
    "8 (912) 345-67-89",
    "0171 2345678",
    "01 42 68 53 00",
    "020 7946 0958",
    "(415) 555-2671",
    "415-555-2671",
    "415.555.2671",
    "0912-345-678",
    "081-234-5678",
    "0532 123 45 67",
    "054-123-4567",
    "612 34 56 78",
    "0049 30 901820",
]
PASSWORDS = [
    "Passwort: {}",
    "Mein Passwort ist {}",
    "das WLAN-Passwort lautet {}",
    "Kennwort={}",
    "Benutzerkennwort: {}",
    "mot de passe : {}",
    "mon mot de passe est {}",
    "contraseña: {}",
    "mi contraseña es {}",
    "minha senha é {}",
    "la password è {}",
    "wachtwoord: {}",
    "hasło: {}",
    "пароль: {}",
    "мой пароль {}",
    "şifre: {}",
    "κωδικός: {}",
    "密码：{}",
    "密码是{}",
    "パスワードは{}です",
    "비밀번호는 {}입니다",
    "รหัสผ่าน {}",
    "كلمة المرور: {}",
    "pwd={}",
    '"password": "{}"',
    "Authorization: Bearer {}",
    "DB_PASSWORD={}",
    "apiKey: '{}'",
]
VALUE = "Xk7mQ2pLw9"


def cases():
    for (name, sentence), (form, write) in itertools.product(SENTENCES.items(), WRITTEN.items()):
        yield f"mail-{name}-{form}", "EMAIL_ADDRESS", sentence, write("mia@firma.de")
    for mail, name in itertools.product([*MAILS, *SCRIPTS], ["English", "Korean", "brackets", "JSON"]):
        yield f"{mail}-{name}", "EMAIL_ADDRESS", SENTENCES[name], mail
    for kind, numbers in NUMBERS.items():
        for number, separator in itertools.product(numbers, SEPARATORS):
            if kind == "US_SSN" and not separator:
                continue
            yield f"{kind}-{separator!r}", kind, "Note {} now", separator.join(number.split())
        for number, sentence in itertools.product(numbers, SENTENCES.values()):
            yield f"{kind}-{sentence}", kind, sentence, number
        for number, zero in itertools.product(numbers, (0xFF10, 0x660, 0x966)):
            yield f"{kind}-{chr(zero)}", kind, "Note {} now", digits_of(zero)(number)
    for phone, name in itertools.product(PHONES, SENTENCES):
        yield f"{phone}-{name}", "PHONE_NUMBER", SENTENCES[name], phone
    for phone, sign in itertools.product(PHONES, [*SPACES[:3], *DASHES]):
        if " " in phone or "-" in phone:
            written = phone.replace(" " if sign in SPACES else "-", sign)
            yield f"{phone}-{sign!r}", "PHONE_NUMBER", "Note {} now", written
    for phrase in PASSWORDS:
        yield phrase, "SECRET", phrase, VALUE


CASES = list(cases())


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.kind, text[finding.start : finding.end]) for finding in scan(text, FIND)]


@pytest.mark.parametrize(("kind", "sentence", "value"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_found_and_nothing_else(kind, sentence, value):
    assert found(sentence.format(value)) == [(kind, value)]


def test_there_are_enough_spellings():
    assert len(CASES) > 400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Write to "mia.k"@firma.de now', '"mia.k"@firma.de'),
        ('Write to "mia k"@firma.de now', '"mia k"@firma.de'),
        ("Write to mia@[192.168.7.9] now", "mia@[192.168.7.9]"),
        ("Write to mia(at)firma.de now", "mia(at)firma.de"),
        ("Write to mia[AT]firma[dot]de now", "mia[AT]firma[dot]de"),
        ("Write to mia＠firma。de now", "mia＠firma。de"),
        ("https://x.de/?mail=mia%40firma.de&lang=de", "mia%40firma.de"),
        ("mailto:mia@firma.de?subject=Hi", "mia@firma.de"),
        ("_mia@firma.de_", "_mia@firma.de"),
        ("mia@firma.de.Danke", "mia@firma.de"),
        ("Schreib an mia@firma.de.", "mia@firma.de"),
    ],
)
def test_an_address_of_mail_is_cut_out_of_what_touches_it(text, value):
    assert found(text) == [("EMAIL_ADDRESS", value)]


def test_a_placeholder_gives_back_the_spelling():
    vault = Vault()
    for _, _, sentence, value in CASES:
        text = sentence.format(value)
        vault = Vault()
        masked = vault.mask(text, scan(text, FIND))
        assert value not in masked
        assert vault.restore(masked) == text or "SECRET" in masked


# Any number that its checksum accepts, between any two texts.

WORDS = st.sampled_from(
    ["请联系", "です", "로", "спасибо ", "ครับ", " and ", "، ", "\n", "(", ")", "« ", " — ", "：", "。", ""]
)
OTHER_SCRIPTS = st.characters(categories=["Lo"]).filter(
    lambda char: not is_latin(unicodedata.normalize("NFKC", char)[0])
)
SURROUNDINGS = st.one_of(WORDS, st.text(OTHER_SCRIPTS, max_size=6))


def luhn(digits: str) -> str:
    total = 0
    for place, char in enumerate(reversed(digits)):
        doubled = int(char) * (2 - place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return digits + str(-total % 10)


def iban(country: str, account: str) -> str:
    rest = int("".join(str(int(char, 36)) for char in account + country + "00")) % 97
    return f"{country}{98 - rest:02}{account}"


CARDS = st.builds(
    lambda head, rest: luhn(head + rest),
    st.sampled_from(["4", "51", "55", "2221", "6011", "3528"]),
    st.text("0123456789", min_size=15, max_size=15),
).map(lambda digits: luhn(digits[:15]))
IBANS = st.text("0123456789", min_size=18, max_size=18).map(lambda account: iban("DE", account))
GROUPED = st.sampled_from(SEPARATORS)


@st.composite
def entities(draw):
    """A kind and one of its values, as somebody may write it."""
    kind = draw(st.sampled_from(["CREDIT_CARD", "IBAN_CODE", "EMAIL_ADDRESS", "PHONE_NUMBER", "API_KEY"]))
    match kind:
        case "CREDIT_CARD" | "IBAN_CODE":
            value = draw(CARDS if kind == "CREDIT_CARD" else IBANS)
            value = draw(GROUPED).join(value[place : place + 4] for place in range(0, len(value), 4))
        case "EMAIL_ADDRESS":
            local = draw(st.from_regex(r"[a-z][a-z0-9]{0,8}([._+-][a-z0-9]{1,6})?", fullmatch=True))
            domain = draw(st.from_regex(r"[a-z][a-z0-9]{1,9}(-[a-z0-9]{1,4})?", fullmatch=True))
            value = f"{local}@{domain}.{draw(st.sampled_from(['de', 'com', 'co.uk', 'corp', 'local', 'cn']))}"
            value = draw(st.sampled_from(list(WRITTEN.values())))(value)
        case "PHONE_NUMBER":
            sign = draw(st.sampled_from([" ", "-", ".", *SPACES, *DASHES]))
            number = ["+49", "30", draw(st.from_regex(r"[1-9][0-9]{5,7}", fullmatch=True))]
            value = sign.join(number)
        case _:
            value = "sk-" + draw(st.from_regex(r"[A-Za-z]{4}[0-9][A-Za-z0-9]{19,40}", fullmatch=True))
    return kind, value


@pytest.mark.fuzz
@given(SURROUNDINGS, entities(), SURROUNDINGS, st.randoms(use_true_random=False))
def test_what_a_checksum_accepts_is_found_between_any_texts_however_they_are_split(before, entity, after, seed):
    kind, value = entity
    text = before + value + after
    findings = scan(text, FIND)
    covered = [(finding.start, finding.end) for finding in findings if finding.kind == kind]
    assert (len(before), len(before) + len(value)) in covered
    assert value not in redacted(text, findings)
    assert split(text, seed) == findings


def split(text: str, seed: random.Random) -> tuple[Finding, ...]:
    scanner = Scanner(FIND)
    pieces = []
    place = 0
    while place < len(text):
        size = seed.choice([1, 1, 2, 3, 7])
        pieces += scanner.feed(text[place : place + size])
        assert scanner.held <= HOLDBACK
        place += size
    return joined([*pieces, *scanner.close()])
