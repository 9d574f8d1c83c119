"""Who calls, as far as HTTP tells: HTTP Basic, an API key, or a client certificate."""

from typing import TYPE_CHECKING

from werkzeug.datastructures import Authorization

from bridge.operations.authentication import ApiKey, Certificate, Secret, WrongCredentials

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CLIENT_CERTIFICATE = "erp_bridge.client_certificate"
"""Where the environment tells the SHA-256 of the caller's certificate; no header gets there."""


def shown_credentials(environ: "WSGIEnvironment") -> Secret | ApiKey | None:
    """What a request's headers show. Raises WrongCredentials for two ways at once.

    Which of two were meant cannot be known, and somebody on the way may have looked at the other.
    """
    basic = _basic(environ.get("HTTP_AUTHORIZATION", ""))
    key = environ.get("HTTP_X_API_KEY", "").strip()
    if basic and key:
        raise WrongCredentials("HTTP Basic and X-API-Key came at once: send one of them")
    return basic or (ApiKey(key) if key else None)


def shown_certificate(environ: "WSGIEnvironment") -> Certificate | None:
    """The client certificate of the connection, as far as it is known."""
    fingerprint = environ.get(CLIENT_CERTIFICATE, "")
    return Certificate(fingerprint) if fingerprint else None


def _basic(header: str) -> Secret | None:
    """Name and secret. What other ways to authenticate there are is none of our business."""
    if header.partition(" ")[0].lower() != "basic":
        return None
    # Werkzeug asks for base64 in ASCII with an error of its own.
    given = Authorization.from_header(header) if header.isascii() else None
    if given is None:
        raise WrongCredentials("the HTTP Basic credentials cannot be read")
    return Secret(given.username or "", given.password or "")
