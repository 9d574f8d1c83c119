"""The endpoint `/soap/v1` over HTTP: methods, limits, credentials, correlation ids, statuses."""

import re
import time
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from werkzeug.datastructures import Authorization
from werkzeug.wrappers import Response

from bridge import BridgeError
from bridge.operations.authentication import Consumer, Secret, WrongCredentials
from bridge.soap.body import discard_body, read_body, require_xml
from bridge.soap.context import Call, SoapContext
from bridge.soap.dispatch import dispatcher
from bridge.soap.faults import fault_of, is_expected, status_of, write_fault
from bridge.soap.wsdl import PATH, service_address, write_wsdl

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

_XML = "text/xml; charset=utf-8"
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class SoapEndpoint:
    """A WSGI application that answers contract v1 at one path."""

    def __init__(self, context: SoapContext) -> None:
        self._context = context
        self._dispatcher = dispatcher()
        self._wsdl = write_wsdl(service_address(context.settings))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers one HTTP request."""
        return self._respond(environ)(environ, start_response)

    def _respond(self, environ: "WSGIEnvironment") -> Response:
        if environ.get("PATH_INFO", "").rstrip("/") != PATH:
            return _text(HTTPStatus.NOT_FOUND, f"there is nothing here: the service is at {PATH}")
        match environ["REQUEST_METHOD"]:
            case "POST":
                return self._call(environ)
            case "GET" | "HEAD":
                return self._describe(environ)
            case _:
                response = _text(HTTPStatus.METHOD_NOT_ALLOWED, "send SOAP requests by POST")
                response.headers["Allow"] = "GET, HEAD, POST"
                return response

    def _describe(self, environ: "WSGIEnvironment") -> Response:
        if environ.get("QUERY_STRING", "").lower() == "wsdl":
            return Response(self._wsdl, content_type=_XML)
        address = service_address(self._context.settings)
        return _text(HTTPStatus.OK, f"ERP Bridge, SOAP contract v1. Its WSDL: {address}?wsdl")

    def _call(self, environ: "WSGIEnvironment") -> Response:
        correlation_id = _correlation_id(environ)
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            try:
                response = Response(self._answer(environ), content_type=_XML)
                outcome = "ok"
            except Exception as error:  # the boundary: whatever happens, the caller gets a fault
                response, outcome = _fault_response(error, correlation_id)
            seconds = round(time.monotonic() - started, 4)
            log.info("soap call", outcome=outcome, seconds=seconds)
            structlog.contextvars.unbind_contextvars("consumer", "operation")
        response.headers["X-Correlation-Id"] = correlation_id
        return response

    def _answer(self, environ: "WSGIEnvironment") -> bytes:
        now = self._context.clock()
        consumer = self._admit(environ)
        structlog.contextvars.bind_contextvars(consumer=consumer.name)
        request = read_body(environ, self._context.settings)
        call = Call(
            sessions=self._context.sessions,
            consumer=consumer,
            now=now,
            soap_action=environ.get("HTTP_SOAPACTION"),
            limits=self._context.settings,
        )
        return self._dispatcher.answer(request, call)

    def _admit(self, environ: "WSGIEnvironment") -> Consumer:
        try:
            require_xml(environ)
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


def _fault_response(error: Exception, correlation_id: str) -> tuple[Response, str]:
    if not is_expected(error):
        log.exception("soap call failed unexpectedly")
    fault = fault_of(error, correlation_id)
    response = Response(write_fault(error, fault), status=status_of(error), content_type=_XML)
    if isinstance(error, WrongCredentials):
        response.headers["WWW-Authenticate"] = 'Basic realm="ERP Bridge", charset="UTF-8"'
    return response, fault.code


def _correlation_id(environ: "WSGIEnvironment") -> str:
    """The caller's own id, if it can stand in a log line; a new one otherwise."""
    given = environ.get("HTTP_X_CORRELATION_ID", "")
    return given if _CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex


def _text(status: HTTPStatus, text: str) -> Response:
    return Response(text + "\n", status=status, content_type="text/plain; charset=utf-8")
