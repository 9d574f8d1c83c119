"""Who calls: by what HTTP shows, or the envelope, or the connection.

HTTP Basic and X-API-Key go before a UsernameToken, whose header is then not looked at; a client
certificate tells who calls where nothing else does, because behind a proxy that demands one every
caller has it.
"""

from datetime import datetime

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


def identify(request: Request, authenticator: Authenticator, *, now: datetime) -> Consumer:
    """The consumer that calls. An envelope is parsed only if it speaks of WS-Security.

    Raises WrongCredentials, the errors of `bridge.soap.wssecurity`, and those of reading the
    envelope's beginning.
    """
    shown = shown_credentials(request.environ)
    if shown is None:
        token = _token(request, now)
        if token is not None:
            return _identify_by_token(token, request, authenticator, now)
    credentials = shown or shown_certificate(request.environ)
    if credentials is None:
        raise WrongCredentials(
            "send the consumer's name and secret by HTTP Basic, its API key as X-API-Key, or a"
            " WS-Security UsernameToken"
        )
    return authenticator.authenticate(credentials, address=request.address, now=now)


def _token(request: Request, now: datetime) -> Secret | SecretDigest | None:
    beginning = request.beginning(_HEADER_BYTES)
    if WSSE.encode() not in beginning:
        return None
    headers = read_headers(beginning, request.soap)
    if headers is None:
        raise InvalidSecurity(f"the SOAP header has more than {_HEADER_BYTES} bytes, or no end")
    return token_in(headers, request.soap, now=now)


def _identify_by_token(
    token: Secret | SecretDigest, request: Request, authenticator: Authenticator, now: datetime
) -> Consumer:
    try:
        return authenticator.authenticate(token, address=request.address, now=now)
    except WrongCredentials as error:
        raise FailedAuthentication(f"the UsernameToken proves no consumer: {error}") from error
