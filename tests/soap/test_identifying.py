"""Who calls, by which of the ways that a request shows."""

import base64
import gzip
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from bridge.operations.authentication import (
    ApiKey,
    Certificate,
    Consumer,
    Credentials,
    Secret,
    WrongCredentials,
)
from bridge.soap.calls import encode_request
from bridge.soap.credentials import CLIENT_CERTIFICATE
from bridge.soap.envelope import (
    ForbiddenMarkup,
    MalformedXml,
    NotAnEnvelope,
    VersionMismatch,
)
from bridge.soap.identifying import identify
from bridge.soap.request import Request
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.wssecurity import WSSE, FailedAuthentication, InvalidSecurity
from tests.conftest import NOW
from tests.soap.tokens import security, text_token, with_header

PING = encode_request("Ping")
TOKEN = with_header(PING, security(text_token("erp", "secret")))
BASIC = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"basic:x").decode()}


@dataclass
class Recording:
    """An authenticator that takes everything, or nothing, and tells what it was shown."""

    right: bool = True
    shown: list[Credentials] = field(default_factory=list)

    def authenticate(self, credentials: Credentials, *, address: str, now: datetime) -> Consumer:
        """Anybody."""
        assert (address, now) == ("192.0.2.1", NOW)
        self.shown.append(credentials)
        if not self.right:
            raise WrongCredentials("wrong name or secret")
        return Consumer("anybody")


def shown(content: bytes, right: bool = True, **variables: Any) -> Credentials:
    """What the authenticator is shown of a request."""
    recording = Recording(right)
    environ = {
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_TYPE": SOAP_11.content_type,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    } | variables
    who = identify(Request(environ, SoapSettings()), recording, now=NOW)  # type: ignore[arg-type]
    (credentials,) = recording.shown
    assert who.by_token == (isinstance(credentials, Secret) and credentials.name != "basic")
    return credentials


def test_http_goes_first() -> None:
    """Where HTTP shows who calls, the envelope is not even received."""
    unread: dict[str, Any] = {"wsgi.input": None}
    assert shown(b"", **BASIC, **unread) == Secret("basic", "x")
    assert shown(b"", HTTP_X_API_KEY="7.x", **unread) == ApiKey("7.x")
    assert shown(TOKEN, **BASIC) == Secret("basic", "x")


def test_then_the_envelope() -> None:
    """The UsernameToken goes before the certificate, which everybody may have to have."""
    assert shown(TOKEN) == Secret("erp", "secret")
    assert shown(TOKEN, **{CLIENT_CERTIFICATE: "ab"}) == Secret("erp", "secret")
    assert shown(TOKEN, HTTP_AUTHORIZATION="Bearer x") == Secret("erp", "secret")


@pytest.mark.parametrize("spelled", ["docs.oasis&#45;open.org", "docs.oasis&#x2d;open.org"])
def test_a_namespace_however_it_is_spelled(spelled: str) -> None:
    """A token whose namespace has a character reference goes before the certificate, too."""
    token = TOKEN.replace(b"docs.oasis-open.org", spelled.encode())
    assert shown(token, **{CLIENT_CERTIFICATE: "ab"}) == Secret("erp", "secret")


def test_then_the_certificate() -> None:
    """It counts where nothing else is shown."""
    assert shown(PING, **{CLIENT_CERTIFICATE: "ab"}) == Certificate("ab")
    assert shown(PING, **{CLIENT_CERTIFICATE: "ab"}, **BASIC) == Secret("basic", "x")


def test_nothing_shown() -> None:
    """The message names the ways."""
    with pytest.raises(WrongCredentials, match="HTTP Basic, its API key as X-API-Key, or a WS-Sec"):
        shown(PING)


@pytest.mark.parametrize("content", [b"", b"<bad", b"<!DOCTYPE a>" + PING])
def test_an_envelope_without_ws_security_is_not_parsed(content: bytes) -> None:
    """Whoever shows nothing costs nothing."""
    with pytest.raises(WrongCredentials):
        shown(content)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"<!DOCTYPE a>" + TOKEN, ForbiddenMarkup),
        (TOKEN.replace(b"<wsse:Username>", b"<wsse:Username"), MalformedXml),
        (TOKEN.replace(SOAP_11.namespace.encode(), SOAP_12.namespace.encode()), VersionMismatch),
        (TOKEN.replace(b"</soap:Header>", b" " * 200_000 + b"</soap:Header>"), InvalidSecurity),
        (TOKEN[:400], InvalidSecurity),
    ],
)
def test_an_envelope_that_speaks_of_it(content: bytes, error: type[Exception]) -> None:
    """It is read as far as its header goes, and what is wrong there is told."""
    with pytest.raises(error):
        shown(content)


@pytest.mark.parametrize(
    "content",
    [
        PING.replace(b"</soap:Body>", security(text_token("erp", "x")).encode() + b"</soap:Body>"),
        with_header(PING, f"<w>{security(text_token('erp', 'x'))}</w>"),
        with_header(PING, f'<a xmlns="{WSSE}"/>'),
        PING.replace(b"<Ping", f'<a xmlns="{WSSE}"/><Ping'.encode()),
    ],
)
def test_a_token_somewhere_else(content: bytes) -> None:
    """Only the header of the envelope is looked into."""
    with pytest.raises(WrongCredentials):
        shown(content)


def test_a_token_without_an_envelope() -> None:
    """XML that is none is told so."""
    with pytest.raises(NotAnEnvelope):
        shown(security(text_token("erp", "x")).encode())


def test_little_is_read_of_a_long_envelope() -> None:
    """What follows the header is not looked at: neither unpacked nor decoded nor parsed."""
    whole = TOKEN.replace(b"<Ping", b"<Ping>" + b" " * 50_000_000 + b"\xff<Pong")
    packed = gzip.compress(whole, 1)[:-100]
    assert shown(packed, HTTP_CONTENT_ENCODING="gzip") == Secret("erp", "secret")


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", "utf-8"])
def test_character_sets(charset: str) -> None:
    """The header is read in any character set that bodies are, wherever the beginning is cut."""
    text = TOKEN.decode().replace("UTF-8", charset).replace("erp", "Köln")
    for odd in ("", " "):
        content = text.replace("<Ping", f"<Ping>{odd}" + "ö" * 200_000 + "<Ping").encode(charset)
        said = f"text/xml; charset={charset}"
        assert shown(content, CONTENT_TYPE=said) == Secret("Köln", "secret")


def test_a_wrong_token() -> None:
    """It is told in WS-Security's words, without HTTP's challenge."""
    with pytest.raises(FailedAuthentication, match="proves no consumer"):
        shown(TOKEN, right=False)
    with pytest.raises(WrongCredentials):
        shown(PING, right=False, **BASIC)
