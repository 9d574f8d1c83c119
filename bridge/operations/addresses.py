"""IP addresses as servers and proxies write them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_SITE_BITS = 64
"""What one IPv6 customer has at least; whoever has it can call from each address of it."""


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address, or None for what is none.

    Brackets and a zone are left out; an IPv4 address that travels as an IPv6 one is IPv4's.
    """
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def site_of(text: str) -> str:
    """Where an address is at home: an IPv4 address itself, the /64 of an IPv6 one."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SITE_BITS), strict=False))
    return str(address or "")
