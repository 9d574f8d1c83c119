"""One request of the REST API: what its path names, and the calls that are made for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree
from werkzeug.wrappers import Request, Response

from bridge.sandbox.calls.table import perform
from bridge.sandbox.errors import ApiFault
from bridge.sandbox.faults import Fate
from bridge.sandbox.http.messages import base_url, content_of, json_response
from bridge.sandbox.http.rest_json import Json, partner_element, read_json_object, sobject_element
from bridge.sandbox.org import Org
from bridge.sandbox.schema import Field, FieldType, SObject
from bridge.sandbox.soap.wire import Headers
from bridge.sandbox.soap.wire import Request as SoapRequest

STATUS = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "INVALID_CROSS_REFERENCE_KEY": 404,
    "UNKNOWN_EXCEPTION": 500,
    "SERVER_UNAVAILABLE": 503,
}


@dataclass
class Visit:
    """One request: what its path names, the calls that are made for it, what befell the last."""

    org: Org
    request: Request
    names: Mapping[str, str] = field(default_factory=dict)
    fate: Fate = field(default_factory=Fate)

    @property
    def root(self) -> str:
        return f"/services/data/v{self.names['version']}"

    def call(self, operation: str, *children: etree._Element) -> tuple[etree._Element, int]:
        """The response element of an operation, and the day's API calls so far."""
        body = partner_element(operation)
        body.extend(children)
        asked = SoapRequest(operation, body, self._headers())
        self.fate = self.org.faults.draw(operation)
        url = base_url(self.request)
        answer = perform(self.org, asked, self.names["version"], url, self.fate)
        envelope = etree.fromstring(answer.envelope().encode())
        (response,) = envelope[-1]
        return response, answer.calls or 0

    def respond(self, status: int, content: Json, calls: int) -> Response:
        limit = self.org.schema.organization.api_calls_per_day
        response = json_response(status, content) if content is not None else Response(status=204)
        response.headers["Sforce-Limit-Info"] = f"api-usage={calls}/{limit}"
        return response

    def sobject(self) -> SObject:
        """The object that the path names. Raises ApiFault."""
        found = self.org.schema.find(self.names["kind"])
        if found is None:
            raise ApiFault("NOT_FOUND", "The requested resource does not exist")
        return found

    def key(self) -> str:
        """The external id that the path names; cheroot leaves its slashes quoted."""
        return self.names["value"].replace("%2F", "/")

    def key_field(self) -> Field:
        """The External ID field that the path names. Raises ApiFault."""
        found = self.sobject().field(self.names["field"])
        if found is None or not (found.external_id or found.type is FieldType.ID):
            raise ApiFault("NOT_FOUND", "Provided external ID field does not exist")
        return found

    def sent_record(self, **more: Json) -> etree._Element:
        """The JSON body as an sObject, what the path says of it included."""
        content = read_json_object(content_of(self.request)) | more
        return sobject_element(self.org.schema, self.sobject(), content)

    def _headers(self) -> Headers:
        bearer = self.request.authorization
        options = self.request.headers.get("Sforce-Query-Options", "")
        size = options.partition("batchSize=")[2].strip()
        return Headers(
            session_id=(bearer.token if bearer else None) or "",
            batch_size=int(size) if size.isdecimal() and len(size) < 10 else 0,
        )


def refusal_json(status: int, code: str, message: str) -> Response:
    """A refusal in the API's shape."""
    return json_response(status, [{"message": message, "errorCode": code}])
