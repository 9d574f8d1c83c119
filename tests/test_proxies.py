"""What stands between: whom the bridge believes, and what it makes of it."""

import base64
from collections.abc import Iterable
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import structlog
from structlog.testing import capture_logs

from bridge import proxies
from bridge.operations.certificates import BadCertificate
from bridge.proxies import BehindProxies, address_behind, fingerprint_in
from bridge.soap.credentials import CLIENT_CERTIFICATE
from tests.certificates import authority

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROXIES = tuple(ip_network(one) for one in ("10.0.0.0/24", "2001:db8:1::/64", "127.0.0.1/32"))
SIGNED = authority()
RFC_9440 = f":{base64.b64encode(SIGNED.der).decode()}:"
ESCAPED = quote(SIGNED.pem.decode(), safe="")


class Application:
    """Keeps what it is told."""

    environ: "WSGIEnvironment"

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers nothing."""
        self.environ = environ
        return [b""]


def seen(peer: str, header: str | None = "Client-Cert", **headers: str) -> dict[str, Any]:
    """The environment that an application sees of a request from this peer."""
    application = Application()
    behind = BehindProxies(application, trusted=PROXIES, certificate_header=header)
    given = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    behind({"REMOTE_ADDR": peer} | given, lambda *_: lambda _: None)
    return application.environ


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        # from nobody whom we trust, it is a lie
        ("192.0.2.7", "10.0.0.9", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("2001:db8:2::1", "198.51.100.1", "2001:db8:2::1"),
        # from a proxy, the last one before it
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 10.0.0.2, 198.51.100.1", "198.51.100.1"),
        # from a chain of proxies, the one before the first of them
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.66,198.51.100.1,10.0.0.3 , 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # who is behind nobody
        ("10.0.0.1", "", "10.0.0.1"),
        ("198.51.100.1", "", "198.51.100.1"),
        # IPv6, and IPv4 that travels as IPv6
        ("2001:db8:1::5", "2001:db8:2::1", "2001:db8:2::1"),
        ("2001:DB8:1:0::5", "2001:db8:2:0:0::1", "2001:db8:2::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "2001:db8:2::1, 2001:db8:1::9", "2001:db8:2::1"),
        ("fe80::1%eth0", "198.51.100.1", "fe80::1"),
        # with ports
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8:2::1]:4711", "2001:db8:2::1"),
        ("10.0.0.1", "[2001:db8:2::1]", "2001:db8:2::1"),
        # what is no address ends the trail
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, ", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "999.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "," * 50_000, "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2," * 5_000 + "10.0.0.2", "10.0.0.2"),
        ("", "198.51.100.1", ""),
    ],
)
def test_who_calls(peer: str, forwarded: str, caller: str) -> None:
    """The address nearest to us that is no proxy of ours; callers can write the others."""
    assert seen(peer, x_forwarded_for=forwarded)["REMOTE_ADDR"] == caller
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
    assert address_behind(environ, PROXIES) == caller


def test_without_trusted_proxies_nothing_is_believed() -> None:
    """That is the default."""
    application = Application()
    behind = BehindProxies(application, trusted=(), certificate_header=None)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    behind(environ, lambda *_: lambda _: None)
    assert application.environ["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize("header", [RFC_9440, ESCAPED, f" {RFC_9440} "])
def test_a_proxys_certificate(header: str) -> None:
    """RFC 9440's form, and nginx's: known by its SHA-256."""
    assert seen("10.0.0.1", client_cert=header)[CLIENT_CERTIFICATE] == SIGNED.fingerprint
    told = seen("10.0.0.1", "X-SSL-Client", x_ssl_client=header)
    assert told[CLIENT_CERTIFICATE] == SIGNED.fingerprint


@pytest.mark.parametrize(
    ("peer", "header", "name"),
    [
        ("192.0.2.7", RFC_9440, "Client-Cert"),
        ("10.0.0.1", RFC_9440, "X-Other"),
        ("10.0.0.1", RFC_9440, None),
        ("10.0.0.1", "", "Client-Cert"),
        ("10.0.0.1", "(null)", "Client-Cert"),
    ],
)
def test_no_certificate(peer: str, header: str, name: str | None) -> None:
    """From a stranger, in another header, or not there: there is none."""
    assert CLIENT_CERTIFICATE not in seen(peer, name, client_cert=header)


def test_a_header_cannot_name_the_environments_key() -> None:
    """What strangers send is HTTP_… there."""
    told = seen("192.0.2.7", **{CLIENT_CERTIFICATE: "ab", "ERP_BRIDGE.CLIENT_CERTIFICATE": "ab"})
    assert CLIENT_CERTIFICATE not in told


@pytest.mark.parametrize(
    "header",
    [
        "x",
        ":",
        "::",
        ":x:",
        ":AAAA:",
        f"{RFC_9440}, {RFC_9440}",
        RFC_9440 + RFC_9440,
        RFC_9440[:-1],
        f"{ESCAPED}, {ESCAPED}",
        ESCAPED + ESCAPED,
        ESCAPED[:-80],
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        "é",
        ":" + "A" * 60_000 + ":",
    ],
)
def test_certificates_that_are_none(header: str) -> None:
    """They are refused; two of them too, because a caller may have added one."""
    with pytest.raises(BadCertificate):
        fingerprint_in(header)


def test_strangers_are_told_of_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that is ignored is worth a line, but not one for each call."""
    clock = iter([0.0, 1.0, 2.0, 59.0, 60.0])
    monkeypatch.setattr(proxies.time, "monotonic", lambda: next(clock))
    structlog.contextvars.clear_contextvars()
    application = BehindProxies(Application(), trusted=PROXIES, certificate_header="Client-Cert")

    def call(**headers: str) -> list[Any]:
        with capture_logs() as logs:
            application({"REMOTE_ADDR": "192.0.2.7"} | headers, lambda *_: lambda _: None)
        return [(one["header"], one["address"]) for one in logs]

    assert call(HTTP_X_FORWARDED_FOR="x") == [("X-Forwarded-For", "192.0.2.7")]
    assert call(HTTP_X_FORWARDED_FOR="x") == []
    assert call(HTTP_CLIENT_CERT="x") == [("Client-Cert", "192.0.2.7")]
    assert call(HTTP_X_FORWARDED_FOR="x") == []
    assert call(HTTP_X_FORWARDED_FOR="x") == [("X-Forwarded-For", "192.0.2.7")]
    assert call() == []


def test_an_unreadable_certificate_of_a_proxy() -> None:
    """The log says why nobody is recognised."""
    with capture_logs() as logs:
        told = seen("10.0.0.1", client_cert="(null)")
    assert CLIENT_CERTIFICATE not in told
    assert ["certificate header is unreadable" in one["event"] for one in logs] == [True]
