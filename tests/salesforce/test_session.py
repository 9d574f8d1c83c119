"""Logging in: by OAuth, by login(), once for all threads, and never telling the session."""

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import jwt
import pytest
from structlog.testing import capture_logs

from bridge.salesforce import (
    LoginRefused,
    SalesforceClient,
    SalesforceError,
    SalesforceSettings,
    Surroundings,
)
from bridge.sandbox import SandboxServer
from tests.salesforce.scripted import (
    Asked,
    Reply,
    Server,
    envelope,
    fault,
    run_in_threads,
    settings_for,
    timestamp_reply,
)

THREADS = 32


def sandbox_settings(sandbox: SandboxServer, auth: str, **changes: object) -> SalesforceSettings:
    known = sandbox.credentials
    return SalesforceSettings.model_validate(
        {
            "login_url": sandbox.url,
            "auth": auth,
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "username": known.username,
            "password": known.password,
            "private_key_file": known.jwt_private_key_path,
            "attempts": 1,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("auth", "version"), [("jwt", "66.0"), ("client_credentials", "66.0"), ("login", "64.0")]
)
def test_logs_in(sandbox: SandboxServer, auth: str, version: str) -> None:
    """Each way to log in gives a session that Salesforce accepts."""
    with SalesforceClient(sandbox_settings(sandbox, auth, api_version=version)) as client:
        assert client.user_info().username == sandbox.credentials.username


def test_signs_a_short_lived_assertion(server: Server, sandbox: SandboxServer) -> None:
    """The JWT names app, user and audience, and lives for less than three minutes."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    server.answer = timestamp_reply
    settings = sandbox_settings(sandbox, "jwt", login_url=server.url)
    with SalesforceClient(settings, Surroundings(now=lambda: now)) as client:
        client.server_timestamp()
    form = server.asked[0].form
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], options={"verify_signature": False})
    assert jwt.get_unverified_header(form["assertion"])["alg"] == "RS256"
    assert 0 < claims.pop("exp") - now.timestamp() < 180
    assert claims == {
        "iss": sandbox.credentials.client_id,
        "sub": sandbox.credentials.username,
        "aud": "https://login.salesforce.com",
    }


def test_appends_the_security_token_to_the_password(server: Server) -> None:
    """login() takes password and security token as one text, and says that its days are counted."""
    session = (
        f"<serverUrl>{server.url}/services/Soap/u/64.0/00D</serverUrl><sessionId>S</sessionId>"
    )
    logged_in = Reply(200, envelope(f"<loginResponse><result>{session}</result></loginResponse>"))
    server.answer = lambda asked: logged_in if asked.operation == "login" else timestamp_reply()
    settings = settings_for(
        server,
        auth="login",
        api_version="64.0",
        username="a@example.com",
        password="pass",
        security_token="token",
    )
    with capture_logs() as logs, SalesforceClient(settings) as client:
        client.server_timestamp()
    assert server.asked[0].envelope.findtext(".//{*}password") == "passtoken"
    assert server.asked[1].path == "/services/Soap/u/64.0/00D"
    assert "Summer '27" in next(line["advice"] for line in logs if line["log_level"] == "warning")


def test_renews_a_session_by_its_refresh_token(server: Server) -> None:
    """With the app's secret where it has one; a token that changes is told at once."""
    server.answer = timestamp_reply
    settings = settings_for(server, auth="refresh_token", refresh_token="secret-refresh-token")
    with SalesforceClient(settings) as client:
        client.server_timestamp()
    assert server.asked[0].form == {
        "grant_type": "refresh_token",
        "client_id": "app",
        "client_secret": "secret-of-the-app",
        "refresh_token": "secret-refresh-token",
    }
    token = {"access_token": "S", "instance_url": server.url, "refresh_token": "secret-new"}
    server.token = lambda _: Reply(200, json.dumps(token).encode())
    with capture_logs() as logs, SalesforceClient(settings) as client:
        client.server_timestamp()
    (warning,) = [line for line in logs if line["log_level"] == "warning"]
    assert warning["event"] == "salesforce_refresh_token_rotated"
    assert "secret" not in repr(logs)


def test_takes_the_private_key_from_the_settings(sandbox: SandboxServer) -> None:
    """As a container's environment holds it, without a file."""
    settings = sandbox_settings(
        sandbox,
        "jwt",
        private_key_file=None,
        private_key=sandbox.credentials.jwt_private_key_pem,
    )
    with SalesforceClient(settings) as client:
        assert client.user_info().username == sandbox.credentials.username


@pytest.mark.parametrize(("auth", "version"), [("jwt", "66.0"), ("login", "64.0")])
def test_the_login_tells_the_org(sandbox: SandboxServer, auth: str, version: str) -> None:
    """No call is spent on it."""
    with SalesforceClient(sandbox_settings(sandbox, auth, api_version=version)) as client:
        org = client.organization_id()
        assert client.calls.other == 0
        assert org == client.user_info().organization_id


def test_asks_for_the_org_where_the_login_did_not_tell(
    server: Server, client: SalesforceClient
) -> None:
    """And knows it by its 18 characters."""
    token = {"access_token": "S", "instance_url": server.url}
    server.token = lambda _: Reply(200, json.dumps(token).encode())
    info = "<result><organizationId>00D5n0000000001</organizationId></result>"
    server.answer = lambda _: Reply(
        200, envelope(f"<getUserInfoResponse>{info}</getUserInfoResponse>")
    )
    assert client.organization_id() == "00D5n0000000001EAA"


def test_keeps_the_session(server: Server, client: SalesforceClient) -> None:
    """One login serves all calls."""
    server.answer = timestamp_reply
    for _ in range(3):
        client.server_timestamp()
    assert server.logins() == 1


def test_many_threads_that_lose_their_session_log_in_once(server: Server) -> None:
    """However many calls meet the dead session at once, one new login serves them all."""
    client = SalesforceClient(settings_for(server, concurrent_calls=THREADS))
    all_in_flight = Barrier(THREADS)

    def answer(asked: Asked) -> Reply:
        if asked.session_id == "secret-session-1":
            all_in_flight.wait(10)
            return fault("INVALID_SESSION_ID")
        return timestamp_reply()

    server.answer = answer
    run_in_threads([client.server_timestamp] * THREADS)
    assert server.logins() == 2
    assert client.calls.other == 2 * THREADS
    assert client.retries == {"INVALID_SESSION_ID": THREADS}
    client.close()


def test_many_threads_share_a_refusal(server: Server, client: SalesforceClient) -> None:
    """A wrong secret is tried once, not once per waiting thread: that would lock the user out."""

    def refuse(_: Asked) -> Reply:
        time.sleep(0.3)
        return Reply(400, b'{"error": "invalid_client", "error_description": "bad secret"}')

    server.token = refuse

    def refusal() -> str:
        with pytest.raises(LoginRefused) as caught:
            client.server_timestamp()
        return str(caught.value)

    assert set(run_in_threads([refusal] * 8)) == {"Salesforce: invalid_client: bad secret"}
    assert server.logins() == 1
    server.token, server.answer = server.new_token, timestamp_reply
    client.server_timestamp()


def test_a_login_that_fails_in_passing_is_tried_again(
    server: Server, client: SalesforceClient, pauses: list[float]
) -> None:
    """A token endpoint that is down for a moment is met like any passing trouble."""
    replies = iter([Reply(503, b"<html>"), Reply(400, b'{"error": "unknown_error"}')])
    server.token = lambda asked: next(replies, None) or server.new_token(asked)
    server.answer = timestamp_reply
    client.server_timestamp()
    assert pauses == [1, 2]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (b'{"access_token": "eyJhbGciOi.x.y", "instance_url": "https://a.b"}', "TOKEN_FORMAT"),
        (b'{"access_token": "00D!x", "instance_url": "http://a.b"}', "INSECURE_ENDPOINT"),
        (b'{"access_token": "secret-session"}', "TOKEN"),
        (b"<html>", "TOKEN"),
    ],
)
def test_refuses_a_token_that_cannot_be_used(
    server: Server, client: SalesforceClient, token: bytes, code: str
) -> None:
    """A token that SOAP does not take, or that would travel in the clear, is refused."""
    server.token = lambda _: Reply(200, token)
    with pytest.raises(LoginRefused) as caught:
        client.server_timestamp()
    assert caught.value.code == code
    assert "secret" not in str(caught.value) + repr(caught.value.__cause__)


def test_says_which_key_file_cannot_be_used(server: Server, tmp_path: Path) -> None:
    """A key file that is missing or no key is named."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no key")
    for path in (broken, tmp_path / "missing.pem"):
        settings = settings_for(server, auth="jwt", username="a", private_key_file=path)
        with SalesforceClient(settings) as client, pytest.raises(LoginRefused, match=path.name):
            client.server_timestamp()


def test_wrong_credentials_are_refused(sandbox: SandboxServer) -> None:
    """Salesforce's own words stand in the error."""
    settings = sandbox_settings(sandbox, "client_credentials", client_secret="wrong")
    with SalesforceClient(settings) as client, pytest.raises(LoginRefused, match="invalid_client"):
        client.server_timestamp()


def test_no_secret_is_ever_logged(
    server: Server,
    sandbox: SandboxServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """At the finest log level, nothing shows a session, a password, a secret or an assertion."""
    caplog.set_level(logging.DEBUG)
    dying = iter([fault("INVALID_SESSION_ID"), Reply(503), fault("INVALID_FIELD", "secret-less")])
    server.answer = lambda _: next(dying, timestamp_reply())
    ways = (
        settings_for(server),
        sandbox_settings(sandbox, "jwt", login_url=server.url),
        settings_for(
            server, auth="login", api_version="64.0", username="a", password="secret-password"
        ),
    )
    with capture_logs() as logs:
        for settings in ways:
            with SalesforceClient(settings, Surroundings(sleep=lambda _: None)) as client:
                for _ in range(2):
                    try:
                        client.server_timestamp()
                    except SalesforceError:
                        logging.getLogger("test").exception("failed")
    assertion = next(a.form["assertion"] for a in server.asked if "assertion" in a.form)
    output = capsys.readouterr()
    told = repr(logs) + caplog.text + output.out + output.err
    assert "salesforce_call_failed" in told
    for secret in ("secret-session", "secret-of-the-app", "secret-password", assertion):
        assert secret not in told
