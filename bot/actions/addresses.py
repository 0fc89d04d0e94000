"""Which addresses a webhook may reach: the public internet, and what the shop allows by name."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_reachable(text: str, allowed: Sequence[Network]) -> bool:
    """Whether a connection to this address is permitted.

    Private, loopback, link-local, multicast and reserved addresses are not, unless a network of
    `allowed` holds them; nor is an IPv6 address that stands for such an IPv4 one.
    """
    address = _plain(ipaddress.ip_address(text))
    if any(address.version == each.version and address in each for each in allowed):
        return True
    return address.is_global and not address.is_multicast


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that is translated to it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    inside = address.ipv4_mapped or address.sixtofour
    return inside or (address.teredo[1] if address.teredo else address)


class CheckedResolver(AbstractResolver):
    """Resolves a name once per connection and hands out permitted addresses alone.

    The connection goes to exactly these addresses, so a name that answers differently the next
    time (DNS rebinding) gains nothing.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        """`allowed` are networks that are permitted though they are not public."""
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The permitted addresses of a name; raises OSError if there is a forbidden one."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results = []
        for address_family, _, protocol, _, address in found:
            if not is_reachable(str(address[0]), self._allowed):
                raise OSError(f"{host} resolves to an address that webhooks may not reach")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=address_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Hold nothing open."""
