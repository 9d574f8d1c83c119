"""One SOAP request and its answer: who calls, what is asked, and what is told of it.

Whatever goes wrong on the way becomes a fault here.
"""

import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from werkzeug.datastructures import Authorization
from werkzeug.wrappers import Response

from bridge import BridgeError
from bridge.operations.authentication import Consumer, Secret, WrongCredentials
from bridge.soap.body import action_in, discard_body, read_body, soap_version_of
from bridge.soap.context import Call, SoapContext
from bridge.soap.dispatch import dispatcher
from bridge.soap.envelope import read_envelope, require_understood
from bridge.soap.faults import code_of, fault_of, is_expected, write_fault
from bridge.soap.protocol import operation_in
from bridge.soap.soap_versions import SOAP_11, SoapVersion

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.get_logger(__name__)

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(slots=True)
class _Course:
    """How far a call has come; a refused one is told of as well."""

    correlation_id: str
    soap: SoapVersion = SOAP_11
    outcome: str = "ok"


class Answering:
    """Answers the requests of one contract version."""

    def __init__(self, context: SoapContext) -> None:
        self._context = context
        self._dispatcher = dispatcher()

    def answer(self, environ: "WSGIEnvironment") -> Response:
        """The answer to a POST: the operation's, or a fault."""
        course = _Course(_correlation_id(environ))
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(correlation_id=course.correlation_id):
            try:
                content = self._carry_out(environ, course)
                response = Response(content, content_type=course.soap.content_type)
            except Exception as error:  # the boundary: whatever happens, the caller gets a fault
                response = _fault_response(error, course)
            seconds = round(time.monotonic() - started, 4)
            log.info("soap call", outcome=course.outcome, seconds=seconds)
            structlog.contextvars.unbind_contextvars("consumer", "operation")
        response.headers["X-Correlation-Id"] = course.correlation_id
        return response

    def _carry_out(self, environ: "WSGIEnvironment", course: _Course) -> bytes:
        settings = self._context.settings
        now = self._context.clock()
        consumer = self._admit(environ, course)
        structlog.contextvars.bind_contextvars(consumer=consumer.name)
        request = read_body(environ, settings)
        envelope = read_envelope(request, settings, course.soap)
        require_understood(envelope.headers, soap=course.soap)
        operation = operation_in(envelope.body, action_in(environ, course.soap))
        structlog.contextvars.bind_contextvars(operation=operation)
        call = Call(self._context.sessions, consumer, now, course.soap, self._context.snapshots)
        return self._dispatcher.answer(envelope.body, call)

    def _admit(self, environ: "WSGIEnvironment", course: _Course) -> Consumer:
        try:
            course.soap = soap_version_of(environ)
            return self._authenticate(environ)
        except BridgeError:
            discard_body(environ, self._context.settings)
            raise

    def _authenticate(self, environ: "WSGIEnvironment") -> Consumer:
        given = _authorization(environ.get("HTTP_AUTHORIZATION", ""))
        if given is None or given.type != "basic":
            raise WrongCredentials("send the consumer's name and secret by HTTP Basic")
        return self._context.authenticator.authenticate(
            Secret(given.username or "", given.password or ""),
            address=environ.get("REMOTE_ADDR", ""),
            now=self._context.clock(),
        )


def _authorization(header: str) -> Authorization | None:
    # Werkzeug asks for base64 in ASCII with an error of its own.
    return Authorization.from_header(header) if header.isascii() else None


def _fault_response(error: Exception, course: _Course) -> Response:
    if not is_expected(error):
        log.exception("soap call failed unexpectedly")
    code, fault = code_of(error), fault_of(error, course.correlation_id)
    course.outcome = code.word
    response = Response(
        write_fault(error, fault, course.soap),
        status=code.status_in(course.soap),
        content_type=course.soap.content_type,
    )
    if isinstance(error, WrongCredentials):
        response.headers["WWW-Authenticate"] = 'Basic realm="ERP Bridge", charset="UTF-8"'
    return response


def _correlation_id(environ: "WSGIEnvironment") -> str:
    """The caller's own id, if it can stand in a log line; a new one otherwise."""
    given = environ.get("HTTP_X_CORRELATION_ID", "")
    return given if _CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex
