"""The REST API, as far as a client needs it that logs in by SOAP and goes on by REST.

A second door to the same calls: a route turns into a call of the Partner API, its answer into JSON,
so that limits, faults and results are the same ones. Source: REST API Developer Guide, "Reference".
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from lxml import etree
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule, Submount
from werkzeug.wrappers import Request, Response

from bridge.sandbox.calls.table import NEWEST_VERSION
from bridge.sandbox.errors import ApiFault, ClientFault, HttpRefusal
from bridge.sandbox.http.breaking import broken, refusal
from bridge.sandbox.http.messages import json_response
from bridge.sandbox.http.rest_json import (
    Json,
    deleted_json,
    description_json,
    partner_element,
    record_json,
    result_json,
    updated_json,
)
from bridge.sandbox.http.rest_visit import STATUS, Visit, refusal_json
from bridge.sandbox.org import Org
from bridge.sandbox.schema import SObject
from bridge.sandbox.soap.wire import PARTNER

_log = logging.getLogger(__name__)


class RestDoor:
    """Answers what lies below /services/data."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def answer(self, request: Request) -> Response:
        """The response; every refusal is Salesforce's list of errorCode and message."""
        visit = Visit(self._org, request)
        return broken(self._answer(visit), visit.fate.ending)

    def _answer(self, visit: Visit) -> Response:
        try:
            endpoint, visit.names = _ROUTES.bind_to_environ(visit.request.environ).match()
            answer: Callable[[Visit], Response] = endpoint
            return answer(visit)
        except HttpRefusal as refused:
            return refusal(refused)
        except HTTPException:
            return refusal_json(404, "NOT_FOUND", "The requested resource does not exist")
        except ApiFault as problem:
            return refusal_json(STATUS.get(problem.code, 400), problem.code, problem.message)
        except ClientFault as problem:
            return refusal_json(400, "JSON_PARSER_ERROR", str(problem))
        except Exception:
            _log.exception("the sandbox failed to answer a request")
            return refusal_json(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")


def _versions(visit: Visit) -> Response:
    newest = str(NEWEST_VERSION)
    entry = {"label": "Newest", "url": f"/services/data/v{newest}.0", "version": f"{newest}.0"}
    return json_response(200, [entry])


def _resources(visit: Visit) -> Response:
    names = ("limits", "query", "queryAll", "sobjects")
    return json_response(200, {name: f"{visit.root}/{name}" for name in names})


def _limits(visit: Visit) -> Response:
    _, calls = visit.call("getServerTimestamp")
    limit = visit.org.schema.organization.api_calls_per_day
    usage = {"Max": limit, "Remaining": max(0, limit - calls)}
    return visit.respond(200, {"DailyApiRequests": usage}, calls)


def _query(visit: Visit) -> Response:
    return _page(visit, "query", "queryString", visit.request.args.get("q", ""))


def _query_all(visit: Visit) -> Response:
    return _page(visit, "queryAll", "queryString", visit.request.args.get("q", ""))


def _query_more(visit: Visit) -> Response:
    return _page(visit, "queryMore", "queryLocator", visit.names["locator"])


def _page(visit: Visit, operation: str, argument: str, text: str) -> Response:
    response, calls = visit.call(operation, partner_element(argument, text))
    (result,) = response
    records = result.findall(f"{{{PARTNER}}}records")
    locator = result.findtext(f"{{{PARTNER}}}queryLocator")
    page: dict[str, Json] = {
        "totalSize": int(result.findtext(f"{{{PARTNER}}}size", "0")),
        "done": not locator,
        "records": [record_json(visit.org.schema, each, visit.root) for each in records],
    }
    if locator:
        page["nextRecordsUrl"] = f"{visit.root}/query/{quote(locator)}"
    return visit.respond(200, page, calls)


def _describe_global(visit: Visit) -> Response:
    response, calls = visit.call("describeGlobal")
    return visit.respond(200, description_json(response[0]), calls)


def _describe(visit: Visit) -> Response:
    name = partner_element("sObjectType", visit.sobject().name)
    response, calls = visit.call("describeSObject", name)
    return visit.respond(200, description_json(response[0]), calls)


def _create(visit: Visit) -> Response:
    return _written(visit, "create", visit.sent_record(), 201)


def _update(visit: Visit) -> Response:
    return _written(visit, "update", visit.sent_record(Id=visit.names["id"]), 204)


def _delete(visit: Visit) -> Response:
    visit.sobject()
    return _written(visit, "delete", partner_element("ids", visit.names["id"]), 204)


def _upsert(visit: Visit) -> Response:
    key = visit.key_field()
    record = visit.sent_record(**{key.name: visit.key()})
    response, calls = visit.call("upsert", partner_element("externalIDFieldName", key.name), record)
    result = result_json(response[0])
    return _outcome(visit, result, 201 if result.get("created") else 200, calls)


def _written(visit: Visit, operation: str, argument: etree._Element, status: int) -> Response:
    response, calls = visit.call(operation, argument)
    return _outcome(visit, result_json(response[0]), status, calls)


def _outcome(visit: Visit, result: Mapping[str, Json], status: int, calls: int) -> Response:
    errors = result["errors"]
    if isinstance(errors, Sequence) and errors:
        first = errors[0]
        code = str(first["errorCode"]) if isinstance(first, Mapping) else ""
        return visit.respond(STATUS.get(code, 400), errors, calls)
    return visit.respond(status, None if status == 204 else result, calls)


def _retrieve(visit: Visit) -> Response:
    sobject = visit.sobject()
    response, calls = visit.call(
        "retrieve",
        partner_element("fieldList", _fields(visit, sobject)),
        partner_element("sObjectType", sobject.name),
        partner_element("ids", visit.names["id"]),
    )
    (found,) = response
    if not len(found):
        raise ApiFault("NOT_FOUND", "The requested resource does not exist")
    return visit.respond(200, record_json(visit.org.schema, found, visit.root), calls)


def _retrieve_by_key(visit: Visit) -> Response:
    response, calls = _holders(visit, _fields(visit, visit.sobject()))
    found = [record_json(visit.org.schema, each, visit.root) for each in response]
    if len(found) > 1:
        urls = [f"{visit.root}/sobjects/{visit.sobject().name}/{each['Id']}" for each in found]
        return visit.respond(300, urls, calls)
    if not found:
        raise ApiFault("NOT_FOUND", "The requested resource does not exist")
    return visit.respond(200, found[0], calls)


def _delete_by_key(visit: Visit) -> Response:
    found, _ = _holders(visit, "Id")
    if len(found) != 1:
        raise ApiFault("NOT_FOUND", "The requested resource does not exist")
    key = record_json(visit.org.schema, found[0], visit.root)["Id"]
    return _written(visit, "delete", partner_element("ids", str(key)), 204)


def _holders(visit: Visit, fields: str) -> tuple[list[etree._Element], int]:
    """The records that hold the external id of the path."""
    value = visit.key().replace("\\", "\\\\").replace("'", "\\'")
    key = visit.key_field()
    soql = f"SELECT {fields} FROM {visit.sobject().name} WHERE {key.name} = '{value}'"  # noqa: S608
    response, calls = visit.call("query", partner_element("queryString", soql))
    return response[0].findall(f"{{{PARTNER}}}records"), calls


def _fields(visit: Visit, sobject: SObject) -> str:
    return visit.request.args.get("fields") or ",".join(field.name for field in sobject.shown)


def _get_deleted(visit: Visit) -> Response:
    response, calls = visit.call("getDeleted", *_window(visit))
    return visit.respond(200, deleted_json(response[0]), calls)


def _get_updated(visit: Visit) -> Response:
    response, calls = visit.call("getUpdated", *_window(visit))
    return visit.respond(200, updated_json(response[0]), calls)


def _window(visit: Visit) -> list[etree._Element]:
    asked = visit.request.args
    return [
        partner_element("sObjectType", visit.sobject().name),
        partner_element("startDate", asked.get("start", "")),
        partner_element("endDate", asked.get("end", "")),
    ]


_RECORD = "/sobjects/<kind>/<id>"
_KEY = "/sobjects/<kind>/<field>/<path:value>"
_ROUTES = Map(
    [
        Rule("/services/data", endpoint=_versions, methods=["GET"]),
        Submount(
            "/services/data/v<version>",
            [
                Rule("/", endpoint=_resources, methods=["GET"]),
                Rule("/limits", endpoint=_limits, methods=["GET"]),
                Rule("/query", endpoint=_query, methods=["GET"]),
                Rule("/query/<locator>", endpoint=_query_more, methods=["GET"]),
                Rule("/queryAll", endpoint=_query_all, methods=["GET"]),
                Rule("/queryAll/<locator>", endpoint=_query_more, methods=["GET"]),
                Rule("/sobjects", endpoint=_describe_global, methods=["GET"]),
                Rule("/sobjects/<kind>", endpoint=_create, methods=["POST"]),
                Rule("/sobjects/<kind>/describe", endpoint=_describe, methods=["GET"]),
                Rule("/sobjects/<kind>/deleted", endpoint=_get_deleted, methods=["GET"]),
                Rule("/sobjects/<kind>/updated", endpoint=_get_updated, methods=["GET"]),
                Rule(_RECORD, endpoint=_retrieve, methods=["GET"]),
                Rule(_RECORD, endpoint=_update, methods=["PATCH"]),
                Rule(_RECORD, endpoint=_delete, methods=["DELETE"]),
                Rule(_KEY, endpoint=_retrieve_by_key, methods=["GET"]),
                Rule(_KEY, endpoint=_upsert, methods=["PATCH"]),
                Rule(_KEY, endpoint=_delete_by_key, methods=["DELETE"]),
            ],
        ),
    ],
    strict_slashes=False,
)
