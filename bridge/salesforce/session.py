"""Sessions: obtained by OAuth (or, in old orgs, by `login()`), kept, shared by all threads.

Each process has a session of its own, in memory alone: a session is as good as the password, and a
file that shares it would have to be guarded like one. Nobody logs out, since Salesforce may give
the same session to all who log in as one user.

Sources: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration", "OAuth 2.0
Client Credentials Flow for Server-to-Server Integration", "OAuth 2.0 Refresh Token Flow for Renewed
Sessions"; SOAP API Developer Guide, "login()".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

import jwt
import requests
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from bridge.domain.salesforce_ids import BadSalesforceId, normalise_id
from bridge.salesforce.faults import (
    SERVER_UNAVAILABLE,
    LoginRefused,
    SalesforceError,
    error_from_status,
)
from bridge.salesforce.http import Reply
from bridge.salesforce.keys import read_signing_key, signing_key
from bridge.salesforce.settings import Auth, SalesforceSettings
from bridge.salesforce.wire import Wire

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE = timedelta(seconds=150)  # Salesforce accepts three minutes; clocks differ

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """Where to call, and what stands in the SessionHeader; the org's id where the login told it."""

    endpoint: str
    session_id: str = field(repr=False)
    organization_id: str | None = None


class Sessions:
    """The one session of this process.

    However many threads find it dead at once, one of them logs in and the others take what it got,
    be that a session or a refusal.
    """

    def __init__(
        self, settings: SalesforceSettings, wire: Wire, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._now = now
        self._lock = Lock()
        self._session: Session | None = None
        self._refusal: LoginRefused | None = None
        self._logins_finished = 0

    @property
    def known(self) -> Session | None:
        """The session, if there is one; it may have died."""
        return self._session

    def current(self) -> Session:
        """The session, after logging in where there is none.

        Raises LoginRefused, and SalesforceError where Salesforce cannot be reached.
        """
        session, seen = self._session, self._logins_finished
        if session is not None:
            return session
        with self._lock:
            if self._session is None:
                if self._refusal and self._logins_finished > seen:
                    raise LoginRefused(self._refusal.code, self._refusal.message)
                self._session = self._log_in()
            return self._session

    def discard(self, dead: Session) -> None:
        """Forgets a session that Salesforce no longer knows, unless another has taken its place."""
        with self._lock:
            if self._session is dead:
                self._session = None

    def _log_in(self) -> Session:
        """Opens a session and remembers a refusal. Called under the lock."""
        self._refusal = None
        try:
            session = self._open()
        except LoginRefused as refusal:
            self._refusal = refusal
            raise
        finally:
            self._logins_finished += 1
        log.info("salesforce_login", auth=self._settings.auth, endpoint=session.endpoint)
        return session

    def _open(self) -> Session:
        session = _LOG_IN[self._settings.auth](self._settings, self._wire, self._now())
        if not self._settings.is_url_allowed(session.endpoint):
            raise LoginRefused("INSECURE_ENDPOINT", f"{session.endpoint} is not https")
        return session


def _by_jwt(settings: SalesforceSettings, wire: Wire, now: datetime) -> Session:
    claims = {
        "iss": settings.client_id,
        "sub": settings.username,
        "aud": settings.audience,
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    assertion = jwt.encode(claims, _private_key(settings), algorithm="RS256")
    return _by_token(settings, wire, {"grant_type": JWT_BEARER, "assertion": assertion})


def _private_key(settings: SalesforceSettings) -> RSAPrivateKey:
    if settings.private_key:
        return signing_key(_plain(settings.private_key).encode(), of="private_key")
    assert settings.private_key_file is not None  # the settings are complete
    return read_signing_key(settings.private_key_file)


def _by_client_credentials(settings: SalesforceSettings, wire: Wire, _now: datetime) -> Session:
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id or "",
        "client_secret": _plain(settings.client_secret),
    }
    return _by_token(settings, wire, form)


def _by_refresh_token(settings: SalesforceSettings, wire: Wire, _now: datetime) -> Session:
    form = {
        "grant_type": "refresh_token",
        "client_id": settings.client_id or "",
        "refresh_token": _plain(settings.refresh_token),
    }
    if settings.client_secret:
        form["client_secret"] = _plain(settings.client_secret)
    return _by_token(settings, wire, form)


def _by_login(settings: SalesforceSettings, wire: Wire, _now: datetime) -> Session:
    log.warning(
        "salesforce_login_retires",
        advice='SOAP login() ends with Summer \'27: use auth = "jwt" or "client_credentials"',
        api_version=settings.api_version,
    )
    credentials = {
        "username": settings.username or "",
        "password": _plain(settings.password) + _plain(settings.security_token),
    }
    answer = wire.send(_endpoint(settings.login_url, settings, wire), "login", {}, credentials)
    result = answer.result()
    endpoint = result.findtext("{*}serverUrl")
    session_id = result.findtext("{*}sessionId")
    if not endpoint or not session_id:
        raise LoginRefused("PASSWORD_EXPIRED", "login() gave no session: set a new password")
    return Session(endpoint, session_id, _id_in(result.findtext(".//{*}organizationId")))


_LOG_IN = {
    Auth.JWT: _by_jwt,
    Auth.CLIENT_CREDENTIALS: _by_client_credentials,
    Auth.REFRESH_TOKEN: _by_refresh_token,
    Auth.LOGIN: _by_login,
}


class _Token(BaseModel):
    """The part of a token response that a SOAP session needs."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: SecretStr
    instance_url: str
    id: str = ""
    refresh_token: SecretStr | None = None


def _by_token(settings: SalesforceSettings, wire: Wire, form: Mapping[str, str]) -> Session:
    url = f"{settings.login_url}/services/oauth2/token"
    response = wire.http.post_form(url, form)
    if response.status_code != requests.codes.ok:
        raise _refusal_in(response)
    try:
        token = _Token.model_validate_json(response.content)
    except ValidationError as error:
        raise LoginRefused("TOKEN", f"{url} answered no access_token and instance_url") from error
    session_id = _plain(token.access_token)
    if session_id.startswith("eyJ"):
        raise LoginRefused(
            "TOKEN_FORMAT",
            "the SOAP API takes opaque access tokens only: switch JWT-based access tokens off "
            "in the External Client App",
        )
    if token.refresh_token and _plain(token.refresh_token) != form.get("refresh_token"):
        log.warning(
            "salesforce_refresh_token_rotated",
            advice="the next login will be refused: switch Refresh Token Rotation off in the app",
        )
    endpoint = _endpoint(token.instance_url, settings, wire)
    return Session(endpoint, session_id, _org_in(token.id))


class _Refusal(BaseModel):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str = "no reason given"


_PASSING = ("unknown_error", "server_error", "temporarily_unavailable")


def _refusal_in(response: Reply) -> SalesforceError:
    try:
        refusal = _Refusal.model_validate_json(response.content)
    except ValidationError:
        return error_from_status(response.status_code, response.url)
    if refusal.error in _PASSING:
        return SalesforceError(SERVER_UNAVAILABLE, refusal.error_description)
    return LoginRefused(refusal.error, refusal.error_description)


def _org_in(identity_url: str) -> str | None:
    """The org in https://login.salesforce.com/id/00D…/005…."""
    before, _, rest = identity_url.partition("/id/")
    return _id_in(rest.partition("/")[0]) if before else None


def _id_in(text: str | None) -> str | None:
    try:
        return normalise_id(text or "")
    except BadSalesforceId:
        return None


def _endpoint(instance_url: str, settings: SalesforceSettings, wire: Wire) -> str:
    parts = urlsplit(instance_url)
    path = f"services/Soap/{wire.dialect.path}/{settings.api_version}"
    return f"{parts.scheme}://{parts.netloc}/{path}"


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
