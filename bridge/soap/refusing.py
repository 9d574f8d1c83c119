"""Faults as HTTP responses, also where no request was looked at."""

from typing import TYPE_CHECKING

import structlog
from werkzeug.wrappers import Response

from bridge.operations.admission import ServerBusy
from bridge.operations.authentication import WrongCredentials
from bridge.soap.body import WrongContentType, soap_version_of
from bridge.soap.faults import code_of, fault_of, is_expected, write_fault
from bridge.soap.request import correlation_id_in
from bridge.soap.soap_versions import SOAP_11, SoapVersion
from bridge.store.failures import failure_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

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


def busy_response(environ: "WSGIEnvironment") -> Response:
    """The answer to a request for whose body there is no room."""
    correlation_id = correlation_id_in(environ)
    log.warning("call refused: too many bytes of others wait", correlation_id=correlation_id)
    busy = ServerBusy("many large bodies are on their way: repeat the call in some seconds")
    return fault_response(busy, correlation_id, _soap(environ))


def _soap(environ: "WSGIEnvironment") -> SoapVersion:
    try:
        return soap_version_of(environ)
    except WrongContentType:
        return SOAP_11
