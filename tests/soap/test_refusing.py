"""Faults as HTTP responses."""

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bridge.operations.admission import ServerBusy, TooManyCalls
from bridge.operations.authentication import WrongCredentials
from bridge.soap.refusing import fault_response
from bridge.soap.soap_versions import SOAP_11


def test_what_http_has_headers_for() -> None:
    """A challenge, and when to come again."""
    challenged = fault_response(WrongCredentials("no"), "c-1", SOAP_11)
    assert challenged.headers["WWW-Authenticate"].startswith("Basic ")
    assert fault_response(TooManyCalls("no", 7), "c-1", SOAP_11).headers["Retry-After"] == "7"
    busy = fault_response(ServerBusy("no"), "c-1", SOAP_11)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert "Retry-After" not in challenged.headers


def test_what_nobody_expected_is_logged() -> None:
    """And the caller is told no more than where to look."""
    with capture_logs() as logs:
        response = fault_response(ZeroDivisionError("hush"), "c-1", SOAP_11)
    assert "hush" not in response.get_data(as_text=True)
    assert [line["event"] for line in logs] == ["soap call failed unexpectedly"]


def test_a_failing_database_is_logged_in_one_line() -> None:
    """Why, and no traceback: nothing in the code is to blame."""
    full = OperationalError("COMMIT", {}, Exception("database or disk is full"))
    with capture_logs() as logs:
        fault_response(full, "c-1", SOAP_11)
    assert [(line["event"], line["error"]) for line in logs] == [
        ("soap call failed", "the database failed: database or disk is full")
    ]
    assert "exc_info" not in logs[0]
