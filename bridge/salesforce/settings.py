"""The settings of the Salesforce connector: the section `salesforce` of the configuration."""

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    field_validator,
    model_validator,
)

LAST_VERSION_WITH_LOGIN = 64.0
"""SOAP `login()` is absent from API 65.0 on (Salesforce help 005132110)."""


class Auth(StrEnum):
    """How a session is obtained."""

    JWT = "jwt"  # OAuth 2.0 JWT bearer: a signed assertion, no secret on the wire
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - of a user who once approved the app
    LOGIN = "login"  # SOAP login() with user name and password, old orgs only


REQUIRED_BY: dict[Auth, tuple[str, ...]] = {
    Auth.JWT: ("client_id", "username"),
    Auth.CLIENT_CREDENTIALS: ("client_id", "client_secret"),
    Auth.REFRESH_TOKEN: ("client_id", "refresh_token"),
    Auth.LOGIN: ("username", "password"),
}


class SalesforceSettings(BaseModel):
    """Where Salesforce is, how to log in, and how patient to be."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    login_url: str = Field(
        description="the org's My Domain; JWT also takes https://login.salesforce.com"
    )
    api_version: str = Field(default="66.0", pattern=r"^([4-9]\d|\d{3})\.0$")
    auth: Auth = Auth.JWT
    client_id: str | None = None
    client_secret: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    security_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    private_key: SecretStr | None = Field(default=None, description="PEM, RSA; or ...")
    private_key_file: Path | None = Field(default=None, description="... a file that holds it")
    audience: str = Field(
        default="https://login.salesforce.com",
        description="the JWT's `aud`; https://test.salesforce.com for Salesforce's own sandboxes",
    )
    wsdl: FilePath | None = Field(
        default=None,
        description="the org's own Partner or Enterprise WSDL, not the built-in one",
    )
    allow_plain_http_hosts: frozenset[str] = Field(
        default=frozenset(), description="hosts beside loopback that may be spoken to without TLS"
    )

    proxy_url: SecretStr | None = Field(
        default=None, description="else HTTPS_PROXY and NO_PROXY of the environment"
    )
    ca_file: FilePath | None = Field(
        default=None, description="PEM: the authorities to trust, in place of the usual ones"
    )

    connect_timeout_seconds: float = Field(default=10, gt=0)
    read_timeout_seconds: float = Field(default=120, gt=0, description="between two bytes")
    answer_timeout_seconds: float = Field(default=600, gt=0, description="for a whole answer")
    max_answer_bytes: int = Field(default=256 * 1024 * 1024, ge=65_536)
    attempts: int = Field(default=5, ge=1, description="how often a call is tried in all")
    backoff_first_seconds: float = Field(default=1, ge=0)
    backoff_max_seconds: float = Field(default=60, ge=0)

    concurrent_calls: int = Field(
        default=5, ge=1, le=100, description="under way at once, of this process"
    )
    calls_per_second: float = Field(default=20, gt=0)
    max_share_per_run: float = Field(
        default=0.25, gt=0, le=1, description="of the org's daily calls, that one run may take"
    )
    max_share_in_all: float = Field(
        default=0.8, gt=0, le=1, description="of the org's daily calls, whoever made them"
    )
    circuit_failures: int = Field(
        default=10, ge=1, description="in a row, after which the org is left alone"
    )
    circuit_pause_seconds: float = Field(default=60, ge=0)

    describe_max_age_seconds: float = Field(
        default=3600, ge=0, description="of what the org said of its objects and fields"
    )
    full_read_at_once: int = Field(
        default=4, ge=1, le=25, description="parts of a kind of record that is read in full"
    )
    page_size: int = Field(default=2000, ge=200, le=2000, description="records a query page")
    batch_size: int = Field(default=200, ge=1, le=200, description="records a write")
    save_despite_duplicate_rules: bool = False

    @field_validator("login_url")
    @classmethod
    def _without_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        missing = [name for name in REQUIRED_BY[self.auth] if not getattr(self, name)]
        if self.auth is Auth.JWT and not (self.private_key or self.private_key_file):
            missing.append("private_key_file")
        if missing:
            raise ValueError(f'auth = "{self.auth}" needs {", ".join(missing)}')
        if self.auth is Auth.LOGIN and float(self.api_version) > LAST_VERSION_WITH_LOGIN:
            raise ValueError(
                f'auth = "login" needs api_version {LAST_VERSION_WITH_LOGIN} or older: '
                "SOAP login() is gone from newer ones"
            )
        if not self.is_url_allowed(self.login_url):
            raise ValueError(f"login_url {self.login_url!r} must begin with https://")
        return self

    def is_url_allowed(self, url: str) -> bool:
        """Whether credentials and sessions may travel to the URL: TLS, or a host named for plain
        HTTP, or this machine itself.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (
            _is_loopback(host) or host in self.allow_plain_http_hosts
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
