"""Faults as HTTP responses."""

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bridge.operations.admission import TooManyCalls
from bridge.operations.authentication import WrongCredentials
from bridge.soap.calls import decode_fault
from bridge.soap.refusing import busy_response, fault_response
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion


@pytest.mark.parametrize(
    ("content_type", "soap"),
    [(SOAP_11.content_type, SOAP_11), (SOAP_12.content_type, SOAP_12), ("text/html", SOAP_11)],
)
def test_a_busy_server_says_so_in_the_caller_s_version(
    content_type: str, soap: SoapVersion
) -> None:
    """In HTTP's words for what is between, and in a fault that the caller may repeat after."""
    environ = {"CONTENT_TYPE": content_type, "HTTP_X_CORRELATION_ID": "order-4711"}
    with capture_logs() as logs:
        response = busy_response(environ)
    fault = decode_fault(response.get_data(), soap)
    assert fault is not None
    assert (fault.code, fault.retryable, fault.retry_after_seconds) == ("ServerBusy", True, 5)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["X-Correlation-Id"] == fault.correlation_id == "order-4711"
    assert response.content_type == soap.content_type
    assert [line["correlation_id"] for line in logs] == ["order-4711"]


def test_what_http_has_headers_for() -> None:
    """A challenge, and when to come again."""
    challenged = fault_response(WrongCredentials("no"), "c-1", SOAP_11)
    assert challenged.headers["WWW-Authenticate"].startswith("Basic ")
    assert fault_response(TooManyCalls("no", 7), "c-1", SOAP_11).headers["Retry-After"] == "7"
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
