"""The sandbox as a WSGI application: the token endpoint, the identity URL, the SOAP endpoint."""

import gzip
import json
import logging
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from bridge.sandbox.calls.table import answer_call
from bridge.sandbox.errors import ApiFault, ClientFault
from bridge.sandbox.http.oauth import OAuthError, TokenRequest, grant_token, identity
from bridge.sandbox.org import Org
from bridge.sandbox.soap.wire import client_fault, fault
from bridge.sandbox.storage.sessions import check_session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGEST_REQUEST_BYTES = 50 * 1024 * 1024
_LARGEST_FORM_BYTES = 64 * 1024
_WORTH_ZIPPING_BYTES = 1024
_ZIP_LEVEL = 1  # a page of 2,000 records shrinks to a tenth within milliseconds
_ROUTES = Map(
    [
        Rule("/services/oauth2/token", endpoint="token", methods=["POST"]),
        Rule("/id/<organization>/<user>", endpoint="identity", methods=["GET"]),
        Rule("/services/Soap/u/<version>", endpoint="soap", methods=["POST"]),
        Rule("/services/Soap/u/<version>/<organization>", endpoint="soap", methods=["POST"]),
    ]
)
_log = logging.getLogger(__name__)


class SandboxApplication:
    """What cheroot serves."""

    def __init__(self, org: Org, jwt_public_key: rsa.RSAPublicKey) -> None:
        self._org = org
        self._jwt_public_key = jwt_public_key

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            endpoint, arguments = _ROUTES.bind_to_environ(environ).match()
        except HTTPException as error:
            return error.get_response(environ)(environ, start_response)
        if endpoint == "token":
            response = self._token(request)
        elif endpoint == "identity":
            response = self._identity(request, **arguments)
        else:
            response = _zipped(request, self._soap(request, str(arguments["version"])))
        return response(environ, start_response)

    def _token(self, request: Request) -> Response:
        request.max_form_memory_size = _LARGEST_FORM_BYTES
        basic = request.authorization
        asked = TokenRequest(
            form=request.form.to_dict(),
            basic=(basic.username or "", basic.password or "")
            if basic and basic.type == "basic"
            else None,
            base_url=_base_url(request),
        )
        try:
            return _json(200, grant_token(self._org, self._jwt_public_key, asked))
        except OAuthError as error:
            answer = {"error": error.error, "error_description": error.description}
            return _json(error.status, answer)

    def _identity(self, request: Request, organization: str, user: str) -> Response:
        bearer = request.authorization
        try:
            check_session(self._org, (bearer.token if bearer else None) or "")
        except ApiFault:
            return Response("Bad_OAuth_Token", status=403, mimetype="text/html")
        if (organization, user) != (self._org.id, self._org.user_id):
            return Response("Bad_Id", status=404, mimetype="text/html")
        return _json(200, identity(self._org, _base_url(request)))

    def _soap(self, request: Request, version: str) -> Response:
        try:
            content = _content(request)
            return _xml(200, answer_call(self._org, content, version, _base_url(request)))
        except ApiFault as problem:
            return _xml(500, fault(problem))
        except ClientFault as problem:
            return _xml(500, client_fault(problem))
        except Exception:
            _log.exception("the sandbox failed to answer a call")
            unexpected = "An unexpected error occurred. The sandbox's log tells what it was."
            return _xml(500, fault(ApiFault("UNKNOWN_EXCEPTION", unexpected)))


def _content(request: Request) -> bytes:
    """The request's body, unzipped. Raises ApiFault where it is too large."""
    content = request.stream.read(LARGEST_REQUEST_BYTES + 1)
    if request.headers.get("Content-Encoding", "").strip().lower() == "gzip":
        content = _unzipped(content)
    if len(content) > LARGEST_REQUEST_BYTES:
        raise ApiFault(
            "EXCEEDED_MAX_SIZE_REQUEST",
            "Maximum size of request reached. Maximum size of request is"
            f" {LARGEST_REQUEST_BYTES} bytes.",
        )
    return content


def _unzipped(content: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        return unzip.decompress(content, LARGEST_REQUEST_BYTES + 1)
    except zlib.error as error:
        raise ClientFault(
            f"The request is not gzip, as its Content-Encoding says: {error}"
        ) from error


def _zipped(request: Request, response: Response) -> Response:
    content = response.get_data()
    if request.accept_encodings["gzip"] > 0 and len(content) > _WORTH_ZIPPING_BYTES:
        response.set_data(gzip.compress(content, compresslevel=_ZIP_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _base_url(request: Request) -> str:
    return request.host_url.rstrip("/")


def _json(status: int, content: object) -> Response:
    response = Response(json.dumps(content), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _xml(status: int, envelope: str) -> Response:
    return Response(envelope, status=status, content_type="text/xml;charset=UTF-8")
