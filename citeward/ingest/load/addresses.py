"""Which addresses pages may be fetched from: public ones, and those that the settings name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from citeward.errors import UnsupportedDocument

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is public in IPv6, but for what is reserved in it."""
_RESERVED = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's platform: metadata and keys of a machine, at an address that looks public
            "192.0.0.0/24",  # protocol assignments; Python 3.11 takes a part of it for public
            "192.88.99.0/24",  # relays of 6to4
            "3fff::/20",  # documentation (RFC 9637), which Python 3.11 does not know
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(address: Address) -> bool:
    """Whether an address is reached by everyone: of the internet, and so is what it carries inside.

    >>> [is_public(ipaddress.ip_address(one)) for one in ("1.1.1.1", "10.0.0.1", "64:ff9b::7f00:1")]
    [True, False, False]
    """
    if carried := carried_by(address):
        return all(map(is_public, carried))
    if any(address in network for network in _RESERVED):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast


def carried_by(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to: mapped, translated (NAT64) or tunnelled (6to4, Teredo)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    number = int(address)
    last = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if any(address in network for network in (_NAT64, _COMPATIBLE, _TRANSLATED)):
        return [last]
    return [last] if number >> 32 & 0xFFFFFFFF in _ISATAP else []


@dataclass(frozen=True, kw_only=True)
class AddressPolicy:
    """Resolves names, and refuses those that lead to an address that is not public."""

    private_hosts: Collection[str] = ()
    """Names, addresses and networks (10.0.0.0/8) that are fetched although they are not public. A name does not let
    in what is at a link-local address, where clouds keep the keys of their machines."""

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, looked up once, all of them allowed.

        Raises:
            UnsupportedDocument: One of them is not, or there is none.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnsupportedDocument(
                f"cannot be fetched: no address of {host!r} is known: {error}", hint="Check the name."
            ) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            self.check(host, ipaddress.ip_address(address))
        return addresses

    def check_literal(self, host: str) -> None:
        """Refuse a host that is written as an address, in whatever form, when that may not be fetched."""
        try:
            address: Address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            try:
                address = ipaddress.IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001, 0177.0.0.1, 2130706433
            except (OSError, UnicodeError):
                if host.rstrip(".").rpartition(".")[2] != "localhost":
                    return
                address = ipaddress.IPv4Address("127.0.0.1")
        self.check(host, address)

    def check(self, host: str, address: Address) -> None:
        """Refuse an address that is neither public nor allowed.

        Args:
            host: As the page's address names it.
            address: One of those that it has.

        Raises:
            UnsupportedDocument: It may not be fetched.
        """
        reached = carried_by(address) or [address]
        if is_public(address) or all(self._is_listed(host, one) for one in reached):
            return
        raise UnsupportedDocument(
            f"{host!r} has the address {address}, which is not public: only hosts named in index.web.private_hosts "
            f"are fetched from such",
            hint="Name the host there if its pages are to be indexed.",
        )

    def _is_listed(self, host: str, address: Address) -> bool:
        name = host.lower().rstrip(".")
        for listed in self.private_hosts:
            try:
                network = ipaddress.ip_network(listed, strict=False)
            except ValueError:
                if name == listed.rstrip(".") and not address.is_link_local:
                    return True
            else:
                if address in network:
                    return True
        return False
