"""The token endpoint: client credentials, JWT bearer and refresh token, in Salesforce's shape.

Sources: "OAuth 2.0 Client Credentials Flow", "OAuth 2.0 JWT Bearer Flow" (Salesforce Help),
RFC 6749 section 5.2, RFC 7523.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.org import Org
from bridge.sandbox.storage.sessions import open_session

AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = timedelta(minutes=3)
_CLOCK_SKEW = timedelta(seconds=30)


class OAuthError(Exception):
    """A refused token request: RFC 6749's error, its description, and the HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True)
class TokenRequest:
    """The form of the request; client id and secret may have come by HTTP Basic."""

    form: Mapping[str, str]
    basic: tuple[str, str] | None
    base_url: str


def grant_token(org: Org, public_key: rsa.RSAPublicKey, request: TokenRequest) -> dict[str, str]:
    """Open a session for who may have one. Raises OAuthError."""
    grant_type = request.form.get("grant_type", "")
    if grant_type == "client_credentials":
        _check_client(org, request)
    elif grant_type == "refresh_token":
        _check_refresh_token(org, request)
    elif grant_type == JWT_BEARER:
        _check_assertion(org, public_key, request)
    else:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    return _token(org, request.base_url)


def identity_url(org: Org, base_url: str) -> str:
    return f"{base_url}/id/{org.id}/{org.user_id}"


def identity(org: Org, base_url: str) -> dict[str, object]:
    """What the identity URL tells about the session's user; ``{version}`` is for the caller."""
    access, place = org.schema.access, f"{base_url}/services/Soap"
    return {
        "id": identity_url(org, base_url),
        "asserted_user": True,
        "user_id": org.user_id,
        "organization_id": org.id,
        "username": access.username,
        "email": access.username,
        "first_name": access.first_name,
        "last_name": access.last_name,
        "display_name": f"{access.first_name} {access.last_name}",
        "active": True,
        "urls": {
            "partner": f"{place}/u/{{version}}/{org.id[:15]}",
            "profile": f"{base_url}/{org.user_id}",
        },
    }


def load_jwt_key(path: Path) -> rsa.RSAPrivateKey:
    """The private key in ``path``, made there if it is not. Raises SandboxError."""
    try:
        if not path.exists():
            _make_key(path)
        key = serialization.load_pem_private_key(
            path.read_bytes(),
            password=None,
            unsafe_skip_rsa_key_validation=True,  # our own key; checking it is half of a start
        )
    except (OSError, ValueError, TypeError) as error:
        raise SandboxError(f"cannot use the JWT key {path}: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SandboxError(f"the JWT key {path} is no RSA key: remove it to have one made")
    return key


def _make_key(path: Path) -> None:
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def _check_client(org: Org, request: TokenRequest) -> None:
    access, form = org.schema.access, request.form
    client_id, secret = request.basic or (form.get("client_id", ""), form.get("client_secret", ""))
    if not client_id:
        raise OAuthError("invalid_request", "client_id is required")
    status = 401 if request.basic else 400
    if client_id != access.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid", status)
    if not hmac.compare_digest(secret.encode(), access.client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials", status)


def _check_refresh_token(org: Org, request: TokenRequest) -> None:
    """The one token of the sandbox is good for ever, as Salesforce's is by default."""
    _check_client(org, request)
    token = request.form.get("refresh_token", "")
    if not hmac.compare_digest(token.encode(), org.schema.access.refresh_token.encode()):
        raise OAuthError("invalid_grant", "expired access/refresh token")


def _check_assertion(org: Org, public_key: rsa.RSAPublicKey, request: TokenRequest) -> None:
    assertion = request.form.get("assertion", "")
    if not assertion:
        raise OAuthError("invalid_request", "assertion is required")
    claims = _claims(org, public_key, assertion, request.base_url)
    if claims.get("iss") != org.schema.access.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if claims.get("sub") != org.schema.access.username:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    _check_expiry(org, claims.get("exp"))


def _claims(
    org: Org, public_key: rsa.RSAPublicKey, assertion: str, base_url: str
) -> dict[str, object]:
    try:
        return jwt.decode(
            assertion,
            public_key,
            algorithms=["RS256"],
            audience=[*AUDIENCES, base_url],
            options={  # times are checked against the org's clock
                "require": ["iss", "sub", "aud", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidAudienceError as error:
        raise OAuthError("invalid_grant", "audience is invalid") from error
    except jwt.InvalidTokenError as error:
        raise OAuthError("invalid_grant", f"invalid assertion: {error}") from error


def _check_expiry(org: Org, expiry: object) -> None:
    if not isinstance(expiry, int | float):
        raise OAuthError("invalid_grant", "invalid assertion: exp is not a number")
    left = expiry - org.now().timestamp()
    if left < -_CLOCK_SKEW.total_seconds():
        raise OAuthError("invalid_grant", "expired authorization code: the assertion's exp is past")
    if left > (_LONGEST_ASSERTION + _CLOCK_SKEW).total_seconds():
        raise OAuthError("invalid_grant", "invalid assertion: exp is more than 3 minutes away")


def _token(org: Org, base_url: str) -> dict[str, str]:
    issued_at = str(int(org.now().timestamp() * 1000))
    url = identity_url(org, base_url)
    signed = hmac.new(
        org.schema.access.client_secret.encode(), f"{url}{issued_at}".encode(), hashlib.sha256
    )
    return {
        "access_token": open_session(org),
        "signature": base64.b64encode(signed.digest()).decode(),
        "scope": "api",
        "instance_url": base_url,
        "id": url,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
