from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.sandbox import Limits, SandboxServer, Setup
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion(server: SandboxServer, clock: Clock, **changes: object) -> str:
    credentials = server.credentials
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": "https://login.salesforce.com",
        "exp": clock.moment.timestamp() + 120,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, credentials.jwt_private_key_pem, algorithm="RS256")


def ask(server: SandboxServer, form: Mapping[str, str]) -> requests.Response:
    return requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=10)


def test_client_credentials_give_a_session(sandbox: SandboxServer, partner: Partner) -> None:
    """The token works for SOAP, and the id URL tells where SOAP lives."""
    answer = partner.authorise().json()
    assert answer["token_type"] == "Bearer"
    assert answer["instance_url"] == sandbox.url
    assert int(answer["issued_at"]) == 1772366400250
    partner.token = answer["access_token"]
    assert partner.call("getUserInfo")[0].findtext("p:userName", "", NS) == "admin@example.com"
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    identity = requests.get(answer["id"], headers=bearer, timeout=10).json()
    place = identity["urls"]["partner"]
    assert place.startswith(f"{sandbox.url}/services/Soap/u/{{version}}/00D")
    response = partner.http.post(
        place.replace("{version}", "66.0"),
        data=partner.envelope("<p:getServerTimestamp/>"),
        headers={"Content-Type": "text/xml"},
    )
    assert response.status_code == 200


def test_client_credentials_may_come_by_http_basic(sandbox: SandboxServer) -> None:
    """RFC 6749 section 2.3.1; wrong ones are 401 then."""
    credentials = sandbox.credentials
    for secret, status in ((credentials.client_secret, 200), ("wrong", 401)):
        response = requests.post(
            f"{sandbox.url}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(credentials.client_id, secret),
            timeout=10,
        )
        assert response.status_code == status


def test_a_signed_assertion_gives_a_session(sandbox: SandboxServer, clock: Clock) -> None:
    """The JWT key lies beside the database and signs for the user."""
    signed = assertion(sandbox, clock)
    answer = ask(sandbox, {"grant_type": JWT_BEARER, "assertion": signed})
    assert answer.status_code == 200
    partner = Partner(sandbox)
    partner.token = answer.json()["access_token"]
    assert partner.count("SELECT COUNT() FROM User") == 1
    partner.http.close()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"iss": "someone"}, "invalid_client_id"),
        ({"sub": "someone@example.com"}, "invalid_grant"),
        ({"exp": 1772366400 - 60}, "invalid_grant"),
        ({"exp": 1772366400 + 600}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"aud": None}, "invalid_grant"),
    ],
)
def test_a_wrong_assertion_gives_none(
    sandbox: SandboxServer, clock: Clock, changes: dict[str, object], error: str
) -> None:
    """Audience, issuer, subject and expiry are all checked; errors are JSON."""
    signed = assertion(sandbox, clock, **changes)
    answer = ask(sandbox, {"grant_type": JWT_BEARER, "assertion": signed})
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


def test_an_assertion_of_another_key_gives_none(sandbox: SandboxServer, clock: Clock) -> None:
    """Neither another key, nor no signature, nor a key used as a password passes."""
    claims = jwt.decode(assertion(sandbox, clock), options={"verify_signature": False})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, stranger, algorithm="RS256")
    unsigned = jwt.encode(claims, "", algorithm="none")
    hashed = jwt.encode(claims, "x" * 32, algorithm="HS256")
    for token in (forged, unsigned, hashed, "nonsense"):
        answer = ask(sandbox, {"grant_type": JWT_BEARER, "assertion": token})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"client_id": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": JWT_BEARER}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_told_so(partner: Partner, changes: dict[str, str], error: str) -> None:
    """Errors have Salesforce's JSON shape and status 400."""
    answer = partner.authorise(**changes)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_a_refresh_token_is_good_for_another_session(partner: Partner) -> None:
    """No new refresh token comes with it; a wrong one is refused."""
    refresh = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    answer = partner.authorise(**refresh).json()
    partner.token = answer["access_token"]
    partner.call("getUserInfo")
    assert "refresh_token" not in answer
    refused = partner.authorise(**{**refresh, "refresh_token": "wrong"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_session_ends_after_its_time_without_use(tmp_path: Path, clock: Clock) -> None:
    """Use prolongs it, rest ends it, and a new one may be had."""
    limits = Limits(session_lifetime=timedelta(minutes=10))
    with SandboxServer(tmp_path / "o.db", clock=clock, setup=Setup(limits=limits)) as server:
        partner = Partner(server)
        for _ in range(3):
            clock.advance(minutes=9)
            partner.call("getServerTimestamp")
        clock.advance(minutes=11)
        with pytest.raises(Fault, match="INVALID_SESSION_ID"):
            partner.call("getServerTimestamp")
        partner.renew()
        assert partner.call("getServerTimestamp")
        partner.http.close()


def test_the_identity_is_for_its_session_alone(sandbox: SandboxServer, partner: Partner) -> None:
    """Without a session 403; another user's URL 404."""
    url = partner.authorise().json()["id"]
    bearer = {"Authorization": f"Bearer {partner.token}"}
    assert requests.get(url, timeout=10).status_code == 403
    assert requests.get(f"{url[:-3]}XXX", headers=bearer, timeout=10).status_code == 404


def test_sessions_and_key_outlive_the_server(tmp_path: Path, clock: Clock) -> None:
    """A restart on the same file keeps sessions, the JWT key and the org's ids."""
    path = tmp_path / "org.db"
    with SandboxServer(path, clock=clock) as server:
        partner = Partner(server)
        before = partner.call("getUserInfo")[0].findtext("p:organizationId", "", NS)
        key = server.credentials.jwt_private_key_pem
        partner.http.close()
    with SandboxServer(path, clock=clock) as again:
        partner.server = again
        assert partner.call("getUserInfo")[0].findtext("p:organizationId", "", NS) == before
        assert again.credentials.jwt_private_key_pem == key
        assert again.credentials.jwt_private_key_path.stat().st_mode & 0o777 == 0o600
        partner.http.close()
