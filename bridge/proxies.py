"""Proxies in front of the bridge: who really calls, as far as trusted ones tell.

What stands between a caller and the bridge is what the bridge sees as its peer. Where that is a
proxy of the operator's own (`[server] trusted_proxies`), it tells the caller's address, and the
certificate that the caller showed it. From anybody else the same headers are lies, or somebody's
who does not know better: they are left alone, and now and then the log says so.
"""

import base64
import binascii
import re
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import structlog

from bridge.operations.addresses import address_of
from bridge.operations.certificates import (
    BadCertificate,
    fingerprint_of_der,
    fingerprint_of_pem,
)
from bridge.soap.credentials import CLIENT_CERTIFICATE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Networks = Sequence[IPv4Network | IPv6Network]

log = structlog.get_logger(__name__)

_FORWARDED = "HTTP_X_FORWARDED_FOR"
_SILENT_SECONDS = 60.0


class BehindProxies:
    """A WSGI application that sees who calls: REMOTE_ADDR is the caller, whatever lies between.

    A client certificate that a proxy tells stands in the environment as CLIENT_CERTIFICATE.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        *,
        trusted: Networks,
        certificate_header: str | None,
    ) -> None:
        self._application = application
        self._trusted = trusted
        name = (certificate_header or "").upper().replace("-", "_")
        self._certificate = f"HTTP_{name}" if name else None
        self._warnings = _NowAndThen()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers one HTTP request."""
        peer = address_of(environ.get("REMOTE_ADDR", ""))
        if peer is not None and _is_one_of(self._trusted, peer):
            environ["REMOTE_ADDR"] = str(_caller_behind(peer, environ, self._trusted))
            self._take_certificate(environ)
        else:
            environ["REMOTE_ADDR"] = str(peer or environ.get("REMOTE_ADDR", ""))
            self._tell_ignored(environ)
        return self._application(environ, start_response)

    def _take_certificate(self, environ: "WSGIEnvironment") -> None:
        header = environ.get(self._certificate, "").strip() if self._certificate else ""
        if not header:
            return
        try:
            environ[CLIENT_CERTIFICATE] = fingerprint_in(header)
        except BadCertificate as error:
            self._warnings.tell("a proxy's certificate header is unreadable", reason=str(error))

    def _tell_ignored(self, environ: "WSGIEnvironment") -> None:
        for variable in (_FORWARDED, self._certificate):
            if variable is not None and variable in environ:
                self._warnings.tell(
                    "header ignored: it came from no trusted proxy",
                    header=variable.removeprefix("HTTP_").replace("_", "-").title(),
                    address=environ["REMOTE_ADDR"],
                )


def address_behind(environ: "WSGIEnvironment", trusted: Networks) -> str:
    """The caller's address, whatever trusted proxies lie between."""
    peer = address_of(environ.get("REMOTE_ADDR", ""))
    if peer is None or not _is_one_of(trusted, peer):
        return str(peer or environ.get("REMOTE_ADDR", ""))
    return str(_caller_behind(peer, environ, trusted))


def _caller_behind(
    peer: IPv4Address | IPv6Address, environ: "WSGIEnvironment", trusted: Networks
) -> IPv4Address | IPv6Address:
    """The last address that is not a trusted proxy's. What stands before it anybody can write.

    Each proxy adds, on the right, whom it was called by.
    """
    caller = peer
    for hop in reversed(environ.get(_FORWARDED, "").split(",")):
        address = address_of(_without_port(hop.strip()))
        if address is None:
            break
        caller = address
        if not _is_one_of(trusted, caller):
            break
    return caller


def _is_one_of(networks: Networks, address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in networks)


def fingerprint_in(header: str) -> str:
    """The SHA-256 of the certificate in a header, in hexadecimal digits.

    DER in Base64 between colons (RFC 9440, section 2.2), or PEM that is URL-encoded (nginx's
    `$ssl_client_escaped_cert`). Raises BadCertificate.
    """
    if not header.startswith(":"):
        pem = unquote_to_bytes(header)
        if pem.count(b"-----BEGIN") > 1:
            raise BadCertificate("several certificates: whose is whose cannot be told")
        return fingerprint_of_pem(pem)
    binary = _BINARY.fullmatch(header)
    try:
        return fingerprint_of_der(base64.b64decode(binary[1] if binary else "", validate=True))
    except binascii.Error:
        raise BadCertificate("no Base64 between the colons") from None


class _NowAndThen:
    """Warnings, each at most once in a while: strangers may cause them as often as they like."""

    def __init__(self) -> None:
        self._silent_until: dict[tuple[str, object], float] = {}

    def tell(self, event: str, **facts: object) -> None:
        """Logs a warning, unless one of this event and header was logged lately."""
        kind, now = (event, facts.get("header")), time.monotonic()
        if self._silent_until.get(kind, now) <= now:
            self._silent_until[kind] = now + _SILENT_SECONDS
            log.warning(event, **facts)


def _without_port(hop: str) -> str:
    """An address as proxies write it: some add the port, and then IPv6 stands in brackets."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


_BINARY = re.compile(r":([A-Za-z0-9+/=]+):")
