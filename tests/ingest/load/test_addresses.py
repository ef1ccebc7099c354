import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.addresses import AddressPolicy, is_public

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "203.0.113.7",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_private_in_every_form_of_ipv6(address: str) -> None:
    number = int(ipaddress.ip_address(address))
    forms = [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"::ffff:0:{address}",
        str(ipaddress.ip_address(0x2002 << 112 | number << 80)),
        f"2001:4860::5efe:{address}",
        str(ipaddress.ip_address(0x2001 << 112 | 0x01010101 << 64 | (number ^ 0xFFFFFFFF))),
    ]
    assert not any(is_public(ipaddress.ip_address(one)) for one in [address, *forms])


@pytest.mark.parametrize(
    "address",
    ["::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1", "64:ff9b:1::1", "100::1"],
)
def test_special_addresses_of_ipv6_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [*PUBLIC, "2606:4700:4700::1111", *(f"64:ff9b::{one}" for one in PUBLIC)])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "0xa9fea9fe",
        "localhost",
        "a.localhost",
        "localhost.",
    ],
)
def test_a_private_address_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(UnsupportedDocument, match="is not public"):
        AddressPolicy().check_literal(host)
    with pytest.raises(UnsupportedDocument, match=r"is not public|no address"):
        AddressPolicy().resolve(host.strip("[]"), 80)


@pytest.mark.fuzz
@given(st.ip_addresses(), st.sampled_from(["decimal", "hex", "short", "octal"]))
@example(ipaddress.ip_address("127.0.0.1"), "decimal")
def test_a_spelling_never_makes_a_private_address_public(address: Any, form: str) -> None:
    number = int(address)
    if address.version == 4:
        a, b, c, d = address.packed
        spelled = {
            "decimal": str(number),
            "hex": hex(number),
            "short": f"{a}.{(b << 16) + (c << 8) + d}",
            "octal": f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        }[form]
    else:
        spelled = f"[{address.exploded}]"
    try:
        AddressPolicy().check_literal(spelled)
    except UnsupportedDocument:
        assert not is_public(address)
    else:
        assert is_public(address)


def _names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Has every name resolve to the next of the answers; the last one stays."""
    left = list(answers)

    def look_up(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("private", ["10.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254"])
def test_a_name_with_one_private_address_among_public_ones_is_refused(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _names(monkeypatch, ["1.1.1.1", private, "8.8.8.8"])
    with pytest.raises(UnsupportedDocument, match="is not public"):
        AddressPolicy().resolve("example.com", 443)


def test_a_name_is_looked_up_once_and_gives_the_addresses_that_were_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, ["1.1.1.1", "2606:4700:4700::1111", "1.1.1.1"], ["127.0.0.1"])
    assert AddressPolicy().resolve("example.com", 443) == ["1.1.1.1", "2606:4700:4700::1111"]
    with pytest.raises(UnsupportedDocument, match="is not public"):
        AddressPolicy().resolve("example.com", 443)


def test_what_the_settings_name_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = AddressPolicy(private_hosts=("intranet.example", "10.1.0.0/16", "127.0.0.1"))
    _names(monkeypatch, ["192.168.0.7"])
    assert policy.resolve("Intranet.Example.", 80) == ["192.168.0.7"]
    with pytest.raises(UnsupportedDocument):
        policy.resolve("other.example", 80)
    for host in ("127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "10.1.2.3"):
        policy.check_literal(host)
    for host in ("10.2.0.1", "127.0.0.2", "169.254.169.254"):
        with pytest.raises(UnsupportedDocument):
            policy.check_literal(host)


def test_a_name_that_is_let_in_does_not_lead_to_the_clouds_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, ["169.254.169.254"])
    with pytest.raises(UnsupportedDocument):
        AddressPolicy(private_hosts=("intranet.example",)).resolve("intranet.example", 80)
    assert AddressPolicy(private_hosts=("169.254.169.254",)).resolve("intranet.example", 80) == ["169.254.169.254"]


def test_a_name_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(UnsupportedDocument, match=r"no address of 'nowhere.example' is known"):
        AddressPolicy().resolve("nowhere.example", 80)
