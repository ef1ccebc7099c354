"""What looks like personal data and is nobody's: times, ids, amounts, versions, sections, code."""

import itertools
import random
import uuid

import pytest

from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.recognizers import finder

FIND = finder(floor=0.4)
SEED = random.Random(20)
BARE = ["3074185296", "4155552671", "1755302400", "1755302400123", "9876543210", "2125550187", "6175550123"]
"""Digits that a numbering plan has, or a clock."""
KEYS = ["product_id", "order_id", "created_at", "timestamp", "count", "total", "size_bytes", "offset", "userId", "hash"]
VERSIONS = ["1.2.3.4", "10.4.2.1", "2.0.0.1", "4.18.0.305"]
HOURS = ["12", "12:30", "9:05:00", "12 o'clock", "1430"]
DATES = ["2024-01-15", "15.01.2024", "15/01/2024", "01/15/2024", "2024/01/15", "15-01-2024", "2024.01.15"]
UNITS = ["km", "mi", "kg", "ms", "bytes", "rows", "people", "EUR", "USD", "%", "MB"]


def isbn10(body: str) -> str:
    check = -sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), body, strict=True)) % 11
    return f"{body[0]}-{body[1:4]}-{body[4:]}-{'X' if check == 10 else check}"


def isbn13(body: str) -> str:
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10
    return f"{body[:3]}-{body[3]}-{body[4:8]}-{body[8:]}-{check}"


def rows():
    yield from (f"Which day is {key} {number}?" for key, number in itertools.product(KEYS, BARE[:3]))
    yield from (f'{{"{key}": {number}}}' for key, number in itertools.product(KEYS, BARE))
    yield from (f"{key}={number}" for key, number in itertools.product(KEYS, BARE[:2]))
    yield from (f"What is {number} {sign} 7?" for number, sign in itertools.product(BARE[:4], "/*+-^%"))
    yield from (f"It took {number} {unit}" for number, unit in itertools.product(BARE[:2], UNITS))
    yield from (
        f"5 {unit} are {SEED.random() * 10**places:.9f} mi" for unit, places in itertools.product(UNITS, (0, 1, 3))
    )
    yield from (f"foo({number}) and a.bar({number}, 2)" for number in BARE)
    yield from (f"Call foo({number}) now" for number in BARE)
    yield from (f"Move it to {date} {hour}." for date, hour in itertools.product(DATES, HOURS))
    yield from (f"logged {date}T10:15:30.123456+02:00" for date in DATES[:1])
    yield from (f"backup-{day}-{clock}.tar" for day, clock in (("20240115", "123000"), ("20231231", "2359")))
    yield from (f"ISBN {isbn10(f'{SEED.randrange(10**9):09}')}" for _ in range(12))
    yield from (isbn10(f"{SEED.randrange(10**9):09}") for _ in range(12))
    yield from (f"It is {isbn13(f'978{SEED.randrange(10**9):09}')}." for _ in range(12))
    yield from (f"Token {uuid.UUID(int=SEED.getrandbits(128))}" for _ in range(24))
    yield "Token 47223179-9330-4259-b66c-f2db26efb20c"
    yield "id 42941996-8255-0949-1111-111111111111"
    for version in VERSIONS:
        yield f"How do I update to version {version}?"
        yield f"See section {version} of the manual"
        yield f"from version {version} to {version}"
        yield f"Siehe Abschnitt {version}"
        yield f"版本{version}发布"
        yield f"Chrome/{version} Safari/{version}"
        yield f"package-{version}.tar.gz"
        yield f"pip install thing=={version}"
        yield f'"version": "{version}"'
        yield f"v{version}"
    yield from (f"a sum of {amount}" for amount in ("1 234 567 890", "12 345 678", "1.234.567.890", "415 555 267"))
    yield from (f"{sign}{number}" for sign, number in itertools.product("$€£", BARE[:2]))
    yield from (f"SKU {code}" for code in ("415-555-2671", "536-22-8412", "AB-4155552671", "4155552671-XL2"))
    yield from (f"part no. {code}" for code in ("0800-123-4567", "12-345-6789"))
    yield from (f"commit {SEED.getrandbits(160):040x}" for _ in range(8))
    yield from (f"sha256:{SEED.getrandbits(256):064x}" for _ in range(8))
    yield from (f"00:1A:2B:3C:4D:{place:02X}" for place in range(4))
    yield from (f"ratio 0.{SEED.randrange(10**16):016}" for _ in range(16))
    yield from (f"[{SEED.uniform(-90, 90):.7f}, {SEED.uniform(-180, 180):.7f}]" for _ in range(8))
    yield from (f"Between {year}-{year + 5} it grew" for year in range(1914, 1920))
    yield from (f"pages 1{place}34-1{place}78" for place in range(5))


CODE = [
    "api_key = os.environ['KEY2']",
    'api_key = os.getenv("S3_KEY_2")',
    'db_password = vault.read("secret/data/db1")',
    "password = settings.database1.password",
    "secret_key = config['db2']",
    "const apiKey = process.env.API_KEY_2",
    "password = getpass2()",
    "export API_KEY=$API_KEY_V2",
    "client_secret: ${CLIENT_SECRET_2}",
    "The password policy2 asks for letters",
    "password: see handbook2024.pdf",
    "The API key rotates every 90-days",
    "Git: git clone git@github.com:org/repo.git",
    "Clone git@github.com:org/repo.git first",
    "git remote add origin git@gitlab.firma.de:team/app.git",
    "ssh://git@github.com/org/repo.git",
    "scp report.pdf deploy@web1.firma.de:/srv/www/",
    "rsync -a x deploy@web1.firma.de:~/x",
    "root@web1.local:~# ls",
    "npm i @scope/pkg@1.2.3",
    "uses: actions/checkout@v4",
    "y = x@w.T",
    "docker pull repo/app@sha256:0123abcd",
    "icon@2x.png",
    "std::vector<int> v; ab::cd(1);",
    "12:30:45",
    "matrix[1234567][7654321]",
    "x = 4155552671 if y else 3074185296",
    "range(1000000000, 4155552671)",
    "0xDEADBEEF4155552671",
    "1.3.6.1.4.1.311.21.20",
    "EAN 4006381333931",
    "IMEI 356938035643809",
    "The population is 1 428 627 663",
    "1e10 and 6.02214076e23",
    "RFC 2119, ISO 8601:2004, DIN 5008",
    "§ 1.2.3.4",
]
ROWS = list(dict.fromkeys([*rows(), *CODE]))


@pytest.mark.parametrize("text", ROWS)
def test_it_is_left_alone(text):
    assert [(finding.kind, text[finding.start : finding.end]) for finding in scan(text, FIND)] == []


def test_there_are_enough_of_them():
    assert len(ROWS) > 300
