"""The sandbox as a WSGI application: the token endpoint, the identity URL, the SOAP endpoint."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from bridge.sandbox.calls.table import perform, suffer
from bridge.sandbox.errors import ApiFault, ClientFault, HttpRefusal
from bridge.sandbox.faults import Fate
from bridge.sandbox.faults.rules import TOKEN
from bridge.sandbox.http.breaking import broken, refusal
from bridge.sandbox.http.control import answer_about_faults
from bridge.sandbox.http.messages import base_url, content_of, json_response, xml_response, zipped
from bridge.sandbox.http.oauth import OAuthError, TokenRequest, grant_token, identity
from bridge.sandbox.http.rest import RestDoor
from bridge.sandbox.org import Org
from bridge.sandbox.outbound.sender import Sender
from bridge.sandbox.soap.wire import client_fault, fault, read_request
from bridge.sandbox.storage.sessions import check_session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LARGEST_FORM_BYTES = 64 * 1024
_ROUTES = Map(
    [
        Rule("/services/oauth2/token", endpoint="token", methods=["POST"]),
        Rule("/id/<organization>/<user>", endpoint="identity", methods=["GET"]),
        Rule("/services/Soap/u/<version>", endpoint="soap", methods=["POST"]),
        Rule("/services/Soap/u/<version>/<organization>", endpoint="soap", methods=["POST"]),
        Rule("/sandbox/faults", endpoint="faults", methods=["GET", "PUT", "DELETE"]),
        Rule("/sandbox/outbound", endpoint="outbound", methods=["GET"]),
        Rule("/services/data", endpoint="rest"),
        Rule("/services/data/<path:resource>", endpoint="rest"),
    ],
    strict_slashes=False,
)
_log = logging.getLogger(__name__)


class SandboxApplication:
    """What cheroot serves."""

    def __init__(self, org: Org, jwt_public_key: rsa.RSAPublicKey, sender: Sender) -> None:
        self._org = org
        self._sender = sender
        self._jwt_public_key = jwt_public_key
        self._rest = RestDoor(org)

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
        elif endpoint == "faults":
            response = answer_about_faults(self._org, request)
        elif endpoint == "outbound":
            response = json_response(200, {"outbound": self._sender.report()})
        elif endpoint == "rest":
            response = zipped(request, self._rest.answer(request))
        else:
            response = zipped(request, self._soap(request, str(arguments["version"])))
        return response(environ, start_response)

    def _token(self, request: Request) -> Response:
        fate = self._org.faults.draw(TOKEN)
        return broken(self._granted(request, fate), fate.ending)

    def _granted(self, request: Request, fate: Fate) -> Response:
        request.max_form_memory_size = _LARGEST_FORM_BYTES
        basic = request.authorization
        asked = TokenRequest(
            form=request.form.to_dict(),
            basic=(basic.username or "", basic.password or "")
            if basic and basic.type == "basic"
            else None,
            base_url=base_url(request),
        )
        try:
            _suffer_at_token(self._org, fate)
            return json_response(200, grant_token(self._org, self._jwt_public_key, asked))
        except HttpRefusal as refused:
            return refusal(refused)
        except OAuthError as error:
            answer = {"error": error.error, "error_description": error.description}
            return json_response(error.status, answer)

    def _identity(self, request: Request, organization: str, user: str) -> Response:
        bearer = request.authorization
        try:
            check_session(self._org, (bearer.token if bearer else None) or "")
        except ApiFault:
            return Response("Bad_OAuth_Token", status=403, mimetype="text/html")
        if (organization, user) != (self._org.id, self._org.user_id):
            return Response("Bad_Id", status=404, mimetype="text/html")
        return json_response(200, identity(self._org, base_url(request)))

    def _soap(self, request: Request, version: str) -> Response:
        fate = Fate()
        try:
            asked = read_request(content_of(request))
            fate = self._org.faults.draw(asked.operation)
            answer = perform(self._org, asked, version, base_url(request), fate)
            response = xml_response(200, answer.envelope())
        except Exception as problem:
            response = _refused(problem)
        return broken(response, fate.ending)


def _refused(problem: Exception) -> Response:
    match problem:
        case HttpRefusal():
            return refusal(problem)
        case ApiFault():
            return xml_response(500, fault(problem))
        case ClientFault():
            return xml_response(500, client_fault(problem))
    _log.error("the sandbox failed to answer a call", exc_info=problem)
    unexpected = "An unexpected error occurred. The sandbox's log tells what it was."
    return xml_response(500, fault(ApiFault("UNKNOWN_EXCEPTION", unexpected)))


def _suffer_at_token(org: Org, fate: Fate) -> None:
    suffer(org, fate)
    if fate.refusal:
        raise OAuthError(fate.refusal.code, fate.refusal.message)
