"""Bytes for the log, without what opens a session."""

import pytest
from structlog.testing import capture_logs

from bridge.salesforce import SalesforceClient, SalesforceError
from bridge.salesforce.redaction import first_bytes
from tests.salesforce.scripted import Reply, Server, settings_for


@pytest.mark.parametrize(
    "content",
    [
        b"<sessionId>secret</sessionId>",
        b"<urn:sessionId xsi:type='x'>secret</urn:sessionId>",
        b"<newPassword>secret</newPassword>",
        b'{"access_token":"secret","id":"x"}',
        b'{"refresh_token" : "secret"}',
        b"Session 00D5n000000secret!AQEsecret.x_y is over",
        b"Bearer eyJhbGciOiJSUzI1NiJ9.secret.c2ln-_secret",
        b"x" * 190 + b"<sessionId>secret</sessionId>",
    ],
)
def test_secrets_are_replaced(content: bytes) -> None:
    """Wherever they stand, also where the cut goes through them."""
    assert b"secret" in content
    assert "secret" not in first_bytes(content)


def test_the_rest_stays() -> None:
    """The beginning of what came, whatever bytes it is made of."""
    assert first_bytes(b"<html>\xff" + b"a" * 1_000) == "<html>\ufffd" + "a" * 193


def test_a_damaged_answer_is_logged_without_its_secrets(server: Server) -> None:
    """The first bytes say what it was: a proxy's page, half an envelope."""
    server.answer = lambda _: Reply(200, b"<html>gateway<sessionId>00Dsecret</sessionId>")
    settings = settings_for(server, attempts=1)
    with (
        capture_logs() as logs,
        SalesforceClient(settings) as client,
        pytest.raises(SalesforceError, match="MALFORMED_RESPONSE"),
    ):
        client.server_timestamp()
    (line,) = [line for line in logs if line["event"] == "salesforce_answer_unreadable"]
    assert line["first_bytes"] == "<html>gateway<sessionId>[redacted]</sessionId>"
    assert line["status"] == 200
