"""Faults as HTTP responses."""

import structlog
from werkzeug.wrappers import Response

from bridge.operations.authentication import WrongCredentials
from bridge.soap.faults import code_of, fault_of, is_expected, write_fault
from bridge.soap.soap_versions import SoapVersion
from bridge.store.failures import failure_of

log = structlog.get_logger(__name__)


def fault_response(error: Exception, correlation_id: str, soap: SoapVersion) -> Response:
    """The response that an error becomes. An unexpected one is logged."""
    if not is_expected(error):
        _log(error)
    code, fault = code_of(error), fault_of(error, correlation_id)
    response = Response(
        write_fault(error, fault, soap),
        status=code.status_in(soap),
        content_type=soap.content_type,
        headers={"X-Correlation-Id": correlation_id},
    )
    if isinstance(error, WrongCredentials):
        response.headers["WWW-Authenticate"] = 'Basic realm="ERP Bridge", charset="UTF-8"'
    if fault.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(fault.retry_after_seconds)
    return response


def _log(error: Exception) -> None:
    if failure := failure_of(error):
        log.error("soap call failed", error=failure)
    else:
        log.exception("soap call failed unexpectedly")
