"""Who calls: by what HTTP shows, or the envelope, or the connection.

HTTP Basic and X-API-Key go before a UsernameToken; a client certificate tells who calls where
nothing else does, because behind a proxy that demands one every caller has it. A Security header
that must be understood is looked at beside HTTP's credentials too: what it shows has to prove the
same consumer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lxml.etree import _Element

from bridge.operations.authentication import (
    Authenticator,
    Consumer,
    Secret,
    SecretDigest,
    WrongCredentials,
)
from bridge.soap.credentials import shown_certificate, shown_credentials
from bridge.soap.envelope import read_headers
from bridge.soap.request import Request
from bridge.soap.wssecurity import WSSE, FailedAuthentication, InvalidSecurity, token_in

_HEADER_BYTES = 128 * 1024
"""Within so many bytes of an envelope its header must end, for a token to be found in it: no more
than that is read of whoever has shown nothing yet."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The consumer that calls, and whether a UsernameToken told it."""

    consumer: Consumer
    by_token: bool = False


def identify(request: Request, authenticator: Authenticator, *, now: datetime) -> Identified:
    """Who calls. An envelope is parsed only if it may speak of WS-Security.

    Raises WrongCredentials, the errors of `bridge.soap.wssecurity`, and those of reading the
    envelope's beginning.
    """
    shown = shown_credentials(request.environ)
    if shown is None:
        token = _token(request, now)
        if token is not None:
            return Identified(_consumer_of(token, request, authenticator, now), by_token=True)
    credentials = shown or shown_certificate(request.environ)
    if credentials is None:
        raise WrongCredentials(
            "send the consumer's name and secret by HTTP Basic, its API key as X-API-Key, or a"
            " WS-Security UsernameToken"
        )
    return Identified(authenticator.authenticate(credentials, address=request.address, now=now))


def require_same_consumer(
    who: Identified,
    headers: Iterable[_Element],
    request: Request,
    authenticator: Authenticator,
    *,
    now: datetime,
) -> None:
    """Understands the Security headers that must be, where something else told who calls.

    Raises FailedAuthentication where they prove another consumer or none, and what `identify` does.
    """
    if who.by_token:
        return
    binding = (one for one in headers if request.soap.binds(one))
    token = token_in(binding, request.soap, now=now)
    if token and _consumer_of(token, request, authenticator, now).name != who.consumer.name:
        raise FailedAuthentication("the UsernameToken proves another consumer than HTTP shows")


def _token(request: Request, now: datetime) -> Secret | SecretDigest | None:
    beginning = request.beginning(_HEADER_BYTES)
    if WSSE.encode() not in beginning and b"&#" not in beginning:  # which may spell it
        return None
    headers = read_headers(beginning, request.soap)
    if headers is None:
        raise InvalidSecurity(f"the SOAP header has more than {_HEADER_BYTES} bytes, or no end")
    return token_in(headers, request.soap, now=now)


def _consumer_of(
    token: Secret | SecretDigest, request: Request, authenticator: Authenticator, now: datetime
) -> Consumer:
    try:
        return authenticator.authenticate(token, address=request.address, now=now)
    except WrongCredentials as error:
        raise FailedAuthentication(f"the UsernameToken proves no consumer: {error}") from error
