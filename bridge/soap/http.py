"""The service over HTTP: paths, methods, and the WSDL for whoever asks."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from bridge.soap.answering import Answering
from bridge.soap.context import SoapContext
from bridge.soap.contract_versions import CONTRACT_VERSIONS, SERVED, ContractVersion
from bridge.soap.lifetime import headers_of, notice_of
from bridge.soap.outbound import show_key_of_path
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.wsdl import service_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_DESCRIBED = {"wsdl": SOAP_11, "singlewsdl": SOAP_11, "wsdl12": SOAP_12}
"""What a query asks for; WCF's generators ask for `singleWsdl`, all in one document, as ours is."""


class SoapEndpoint:
    """A WSGI application that answers each contract at its path."""

    def __init__(self, context: SoapContext) -> None:
        self._served = {path: _ServedContract(version, context) for path, version in SERVED.items()}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers one HTTP request."""
        show_key_of_path(environ)
        served = self._served.get(environ.get("PATH_INFO", "").rstrip("/"))
        response = served.respond(environ) if served else _nothing_here()
        return response(environ, start_response)


class _ServedContract:
    def __init__(self, version: ContractVersion, context: SoapContext) -> None:
        lifetime = version.lifetime_in(context.settings)
        self._answering = Answering(version, context)
        self._described_for = version.described_for
        self._address = service_address(context.settings, version.path)
        self._headers = headers_of(lifetime)
        self._about = f"ERP Bridge, SOAP contract {version.name}. {notice_of(lifetime)}".strip()
        self._wsdls = {
            query: version.write_wsdl(self._address, soap, notice_of(lifetime))
            for query, soap in _DESCRIBED.items()
            if soap in version.described_for
        }

    def respond(self, environ: "WSGIEnvironment") -> Response:
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
            response = Response(self._wsdls[query], content_type=SOAP_11.content_type)
        else:
            told = f"{self._address}?wsdl"
            if SOAP_12 in self._described_for:
                told += f", and for SOAP 1.2 {self._address}?wsdl12"
            response = _text(HTTPStatus.OK, f"{self._about} Its WSDL: {told}")
        response.headers.update(self._headers)
        return response


def _nothing_here() -> Response:
    paths = " or ".join(CONTRACT_VERSIONS)
    return _text(HTTPStatus.NOT_FOUND, f"there is nothing here: the service is at {paths}")


def _text(status: HTTPStatus, text: str) -> Response:
    return Response(text + "\n", status=status, content_type="text/plain; charset=utf-8")
