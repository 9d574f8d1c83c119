"""IP addresses as servers and proxies write them."""

from ipaddress import ip_address

import pytest

from bridge.operations.addresses import address_of, site_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::", "::"),
        ("", None),
        ("unix:", None),
        ("192.0.2.1:80", None),
        ("192.0.2.1, 192.0.2.2", None),
        ("256.0.0.1", None),
        ("\x00", None),
    ],
)
def test_an_address_is_read(text: str, address: str | None) -> None:
    """Or told to be none."""
    assert address_of(text) == (address and ip_address(address))


def test_a_site_is_what_one_customer_has() -> None:
    """Nobody escapes by changing the address within their own network."""
    assert site_of("192.0.2.1") != site_of("192.0.2.2")
    assert site_of("2001:db8::1") == site_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert site_of("2001:db8:0:1::1") != site_of("2001:db8::1")
    assert site_of("nonsense") == ""
