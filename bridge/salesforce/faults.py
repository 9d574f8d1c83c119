"""What goes wrong when talking to Salesforce, and what to do about it.

One error type carries the decision (`Remedy`), whether the bad news came as a SOAP fault, as a
row's error in a write result, as an HTTP status or as a broken connection.
Source: SOAP API Developer Guide, "API Fault Element", "ExceptionCode" and "StatusCode".
"""

from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit

import requests
from lxml import etree
from urllib3.exceptions import NewConnectionError

from bridge import BridgeError

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class Remedy(StrEnum):
    """What to do about an error, the most hopeful first."""

    RETRY = "RETRY"  # the same again, after a pause
    LOGIN = "LOGIN"  # the same again with a new session
    SHRINK = "SHRINK"  # fewer rows in one call
    RESTART_QUERY = "RESTART_QUERY"  # the query locator is gone: ask anew from the last row
    GIVE_UP = "GIVE_UP"  # only a person can help


SERVER_UNAVAILABLE = "SERVER_UNAVAILABLE"  # Salesforce's own; the rest of these are ours
UNREACHABLE = "UNREACHABLE"  # no connection was made, so nothing was done
CONNECTION_LOST = "CONNECTION_LOST"
TIMED_OUT = "TIMED_OUT"
HTTP_ERROR = "HTTP_ERROR"  # 5xx without a fault
MALFORMED_RESPONSE = "MALFORMED_RESPONSE"
UNEXPECTED_RESPONSE = "UNEXPECTED_RESPONSE"  # any other answer that is no envelope

UNCERTAIN = frozenset({CONNECTION_LOST, TIMED_OUT, HTTP_ERROR, MALFORMED_RESPONSE})
"""Codes after which nobody knows whether Salesforce did what it was asked."""

AWAY = UNCERTAIN | {
    UNREACHABLE,
    SERVER_UNAVAILABLE,
    "API_CURRENTLY_DISABLED",
    "CIRCUIT_BREAKER_OPEN_EXCEPTION",
    "ORG_IN_MAINTENANCE",
    "REQUEST_LIMIT_EXCEEDED",
}
"""Codes that tell of the org itself, not of the call: so many in a row, and it is left alone."""

_CODES = {
    Remedy.RETRY: """
        UNABLE_TO_LOCK_ROW SERVER_UNAVAILABLE REQUEST_LIMIT_EXCEEDED REQUEST_RUNNING_TOO_LONG
        QUERY_TIMEOUT TOO_MANY_APEX_REQUESTS API_CURRENTLY_DISABLED ORG_IN_MAINTENANCE
        INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE FUNCTIONALITY_TEMPORARILY_UNAVAILABLE
        CIRCUIT_BREAKER_OPEN_EXCEPTION TEMPORARY_QUERY_MORE_FAILURE
        UNREACHABLE CONNECTION_LOST TIMED_OUT HTTP_ERROR MALFORMED_RESPONSE
    """,
    Remedy.LOGIN: "INVALID_SESSION_ID",
    Remedy.SHRINK: "EXCEEDED_ID_LIMIT EXCEEDED_MAX_SIZE_REQUEST OPERATION_TOO_LARGE",
    Remedy.RESTART_QUERY: "INVALID_QUERY_LOCATOR QUERY_LOCATOR_EXPIRED QUERY_LOCATOR_NOT_FOUND",
}
_REMEDIES = {code: remedy for remedy, codes in _CODES.items() for code in codes.split()}
_ORDER = list(Remedy)


class SalesforceError(BridgeError):
    """A call to Salesforce that failed: Salesforce's code (or one of ours), its words, the remedy.

    `row` and `column` tell where in a SOQL text the fault lies, where Salesforce says so.
    """

    def __init__(
        self, code: str, message: str, *, row: int | None = None, column: int | None = None
    ) -> None:
        one_line = " ".join(message.split())
        place = "" if row is None or row < 0 else f" (row {row}, column {column})"
        super().__init__(f"Salesforce: {code}: {one_line}{place}")
        self.code = code
        self.message = one_line
        self.row = row
        self.column = column

    @property
    def remedy(self) -> Remedy:
        """What to do about it."""
        return remedy_for(self.code)


class LoginRefused(SalesforceError):
    """Salesforce, or its OAuth endpoint, will not open a session: a person must see to it."""


def remedy_for(code: str) -> Remedy:
    """What to do about an exception code or a row's status code. Unknown codes: give up."""
    return _REMEDIES.get(code, Remedy.GIVE_UP)


def worst_remedy(codes: Iterable[str]) -> Remedy:
    """The remedy of several errors on one row: the least hopeful counts."""
    return max((remedy_for(code) for code in codes), key=_ORDER.index, default=Remedy.GIVE_UP)


def error_from_network(error: requests.RequestException, url: str) -> SalesforceError:
    """The typed error behind what `requests` raised while calling the URL."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    match error:
        case requests.ConnectTimeout():
            code, words = UNREACHABLE, "cannot be connected to in time"
        case requests.Timeout():
            code, words = TIMED_OUT, "did not answer in time"
        case requests.exceptions.SSLError():
            code, words = UNEXPECTED_RESPONSE, f"is not trusted: {reason or error}"
        case requests.ConnectionError() if isinstance(reason, NewConnectionError):
            cause = str(reason).partition(": ")[2]
            code, words = UNREACHABLE, f"cannot be reached: {cause}"
        case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
            code, words = CONNECTION_LOST, "closed the connection"
        case requests.exceptions.ContentDecodingError():
            code, words = MALFORMED_RESPONSE, "sent a damaged answer"
        case _:
            code, words = UNEXPECTED_RESPONSE, f"cannot be called: {error}"
    return SalesforceError(code, f"{_origin(url)} {words}")


def error_from_status(status: int, url: str) -> SalesforceError:
    """The typed error behind an HTTP answer that carries no envelope."""
    host = _origin(url)
    if status >= 500:
        return SalesforceError(HTTP_ERROR, f"{host} answered HTTP {status}")
    if 300 <= status < 400:
        return SalesforceError(
            UNEXPECTED_RESPONSE,
            f"{host} answered HTTP {status} (moved): set login_url to the org's My Domain",
        )
    if status == requests.codes.request_entity_too_large:
        return SalesforceError("EXCEEDED_MAX_SIZE_REQUEST", f"{host} answered HTTP {status}")
    return SalesforceError(UNEXPECTED_RESPONSE, f"{host} answered HTTP {status}")


def error_from_fault(fault: etree._Element) -> SalesforceError:
    """The typed error behind a SOAP 1.1 `Fault` element.

    The code stands in `detail/*/exceptionCode`; `faultcode` repeats it with a prefix or without.
    """
    detail = {
        etree.QName(e).localname: (e.text or "").strip() for e in fault.iterfind("{*}detail/*/*")
    }
    faultcode = (fault.findtext("{*}faultcode") or "").strip().rpartition(":")[2]
    code = detail.get("exceptionCode") or faultcode or UNEXPECTED_RESPONSE
    message = detail.get("exceptionMessage") or _without_code(
        fault.findtext("{*}faultstring"), code
    )
    final = fault.find("{*}detail/{*}LoginFault") is not None and remedy_for(code) is Remedy.GIVE_UP
    error_class = LoginRefused if final else SalesforceError
    return error_class(
        code, message, row=_number(detail.get("row")), column=_number(detail.get("column"))
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _without_code(faultstring: str | None, code: str) -> str:
    return (faultstring or "no reason given").strip().removeprefix(f"{code}: ")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.lstrip("-").isdigit() else None
