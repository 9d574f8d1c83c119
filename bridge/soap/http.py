"""The endpoint `/soap/v1` over HTTP: paths, methods, and the WSDL for whoever asks."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from bridge.soap.answering import Answering
from bridge.soap.context import SoapContext
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.wsdl import PATH, service_address, write_wsdl

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_DESCRIBED = {"wsdl": SOAP_11, "singlewsdl": SOAP_11, "wsdl12": SOAP_12}
"""What a query asks for; WCF's generators ask for `singleWsdl`, all in one document, as ours is."""


class SoapEndpoint:
    """A WSGI application that answers contract v1 at one path."""

    def __init__(self, context: SoapContext) -> None:
        self._answering = Answering(context)
        self._address = service_address(context.settings)
        self._wsdls = {query: write_wsdl(self._address, soap) for query, soap in _DESCRIBED.items()}

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
                return self._answering.answer(environ)
            case "GET" | "HEAD":
                return self._describe(environ.get("QUERY_STRING", "").lower())
            case _:
                response = _text(HTTPStatus.METHOD_NOT_ALLOWED, "send SOAP requests by POST")
                response.headers["Allow"] = "GET, HEAD, POST"
                return response

    def _describe(self, query: str) -> Response:
        if query in self._wsdls:
            return Response(self._wsdls[query], content_type="text/xml; charset=utf-8")
        told = f"{self._address}?wsdl, and for SOAP 1.2 {self._address}?wsdl12"
        return _text(HTTPStatus.OK, f"ERP Bridge, SOAP contract v1. Its WSDL: {told}")


def _text(status: HTTPStatus, text: str) -> Response:
    return Response(text + "\n", status=status, content_type="text/plain; charset=utf-8")
