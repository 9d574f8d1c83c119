"""One SOAP request and its answer: who calls, whether it may, what comes of it, what is told of it.

Whatever goes wrong on the way becomes a fault here.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from werkzeug.wrappers import Response

from bridge.operations.admission import require_network, require_permitted
from bridge.operations.authentication import Consumer
from bridge.operations.calls import MAX_ENVELOPE_BYTES, OK, CallRow
from bridge.soap.context import Call, SoapContext
from bridge.soap.contract_versions import ContractVersion
from bridge.soap.envelope import read_envelope, require_understood
from bridge.soap.faults import code_of
from bridge.soap.identifying import Identified, identify, require_same_consumer
from bridge.soap.lifetime import LateCallers, headers_of
from bridge.soap.refusing import fault_response
from bridge.soap.request import Request
from bridge.soap.soap_versions import SOAP_11, SoapVersion
from bridge.soap.subjects import Subject
from bridge.soap.wssecurity import SECURITY, redacted

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Course:
    """What became known of a call while it was answered; of a refused one, up to there."""

    at: datetime
    started: float = field(default_factory=time.monotonic)
    soap: SoapVersion = SOAP_11
    consumer: Consumer | None = None
    subject: Subject | None = None
    outcome: str = OK

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started


class Answering:
    """Answers the requests of one contract version."""

    def __init__(self, version: ContractVersion, context: SoapContext) -> None:
        self._version = version
        self._context = context
        lifetime = version.lifetime_in(context.settings)
        self._late_callers = LateCallers(version.name, lifetime)
        self._headers = headers_of(lifetime)

    def answer(self, environ: "WSGIEnvironment") -> Response:
        """The answer to a POST: the operation's, or a fault."""
        request = Request(environ, self._context.settings)
        course = _Course(self._context.clock())
        with structlog.contextvars.bound_contextvars(correlation_id=request.correlation_id):
            try:
                content = self._carry_out(request, course)
                response = Response(content, content_type=course.soap.content_type)
            except Exception as error:  # the boundary: whatever happens, the caller gets a fault
                course.outcome = code_of(error).word
                response = fault_response(error, request.correlation_id, course.soap)
            log.info(
                "soap call",
                soap=course.soap.number,
                outcome=course.outcome,
                seconds=round(course.seconds, 4),
            )
            structlog.contextvars.unbind_contextvars("consumer", "operation")
        self._context.trail.write(self._row(request, course, response))
        response.headers.update(self._headers | {"X-Correlation-Id": request.correlation_id})
        return response

    def _carry_out(self, request: Request, course: _Course) -> bytes:
        course.soap = request.soap
        who = identify(request, self._context.authenticator, now=course.at)
        consumer = course.consumer = who.consumer
        structlog.contextvars.bind_contextvars(consumer=consumer.name)
        self._late_callers.tell(consumer.name, course.at)
        require_network(consumer, address=request.address)
        with self._context.admission.admit(consumer, at=time.monotonic()):
            return self._serve(request, course, who)

    def _serve(self, request: Request, course: _Course, who: Identified) -> bytes:
        envelope = read_envelope(request.content, self._context.settings, course.soap)
        require_understood(envelope.headers, (SECURITY,), course.soap)
        require_same_consumer(
            who, envelope.headers, request, self._context.authenticator, now=course.at
        )
        subject = course.subject = self._version.subject_in(envelope.body, request.action)
        structlog.contextvars.bind_contextvars(operation=subject.operation)
        require_permitted(
            who.consumer, operation=subject.operation, record_type=subject.record_type
        )
        call = Call(
            sessions=self._context.sessions,
            consumer=who.consumer,
            now=course.at,
            soap=course.soap,
            snapshots=self._context.snapshots,
            sobjects=self._context.sobjects,
        )
        return self._version.carry_out(envelope.body, call)

    def _row(self, request: Request, course: _Course, response: Response) -> CallRow:
        """A call for the trail."""
        subject, only_operation = course.subject, self._version.only_operation
        return CallRow(
            at=course.at,
            consumer=course.consumer.name if course.consumer else None,
            address=request.address,
            operation=subject.operation if subject else only_operation,
            message_id=subject.message_id if subject else None,
            request_bytes=request.size_bytes,
            answer_bytes=response.content_length or 0,
            seconds=course.seconds,
            outcome=course.outcome,
            correlation_id=request.correlation_id,
            envelope=_kept_envelope(request, course) if self._version.keeps_envelopes else None,
        )


def _kept_envelope(request: Request, course: _Course) -> bytes | None:
    """The request as far as it is kept, if the consumer's rights ask for it and it was read."""
    if course.consumer is None or not course.consumer.rights.keep_envelopes:
        return None
    content = request.known_content
    return None if content is None else redacted(content[:MAX_ENVELOPE_BYTES])
