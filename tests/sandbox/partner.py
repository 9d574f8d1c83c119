"""A small client of the Partner API for these tests: it hides HTTP, not the envelopes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

import requests
from lxml import etree

from bridge.sandbox import SandboxServer

NS = {
    "soapenv": "http://schemas.xmlsoap.org/soap/envelope/",
    "p": "urn:partner.soap.sforce.com",
    "sf": "urn:sobject.partner.soap.sforce.com",
    "fault": "urn:fault.partner.soap.sforce.com",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
Fields = Mapping[str, "str | Fields | None"]


class Fault(Exception):
    """A SOAP fault: its code, its message, and the whole answer."""

    def __init__(self, envelope: etree._Element) -> None:
        self.envelope = envelope
        self.code = envelope.findtext(".//faultcode") or ""
        self.message = envelope.findtext(".//faultstring") or ""
        detail = envelope.find(".//detail")
        self.detail = None if detail is None else detail[0]
        super().__init__(self.message)


@dataclass(frozen=True)
class Result:
    """One row's result."""

    id: str | None
    success: bool
    created: bool | None
    codes: tuple[str, ...]
    messages: tuple[str, ...]
    fields: tuple[str, ...]


class Partner:
    """Calls as one user with one session."""

    def __init__(self, server: SandboxServer, *, version: str = "66.0") -> None:
        self.server = server
        self.version = version
        self.http = requests.Session()
        self.renew()

    def authorise(self, **changes: str) -> requests.Response:
        """Ask for a token by client credentials, or by what ``changes`` says."""
        credentials = self.server.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        return self.http.post(f"{self.server.url}/services/oauth2/token", data=form | changes)

    def renew(self) -> None:
        """Open another session, where the first has ended."""
        self.token = self.authorise().json()["access_token"]

    def post(self, content: bytes, **headers: str) -> requests.Response:
        url = f"{self.server.url}/services/Soap/u/{self.version}"
        sent = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **headers}
        return self.http.post(url, data=content, headers=sent)

    def envelope(self, body: str, headers: str = "") -> bytes:
        session = f"<p:SessionHeader><p:sessionId>{self.token}</p:sessionId></p:SessionHeader>"
        return (
            f"<soapenv:Envelope {_DECLARED}><soapenv:Header>{session}{headers}</soapenv:Header>"
            f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
        ).encode()

    def send(self, body: str, headers: str = "") -> etree._Element:
        """The answer's envelope; a fault is raised."""
        response = self.post(self.envelope(body, headers))
        envelope = etree.fromstring(response.content)
        if envelope.find(".//soapenv:Fault", NS) is not None:
            assert response.status_code == 500
            raise Fault(envelope)
        assert response.status_code == 200
        return envelope

    def call(self, operation: str, body: str = "", headers: str = "") -> list[etree._Element]:
        """The ``result`` elements of an operation."""
        envelope = self.send(f"<p:{operation}>{body}</p:{operation}>", headers)
        return envelope.findall(f"soapenv:Body/p:{operation}Response/p:result", NS)

    def query(self, soql: str, *, operation: str = "query", headers: str = "") -> etree._Element:
        body = f"<p:queryString>{escape(soql)}</p:queryString>"
        return self.call(operation, body, headers)[0]

    def query_more(self, locator: str, headers: str = "") -> etree._Element:
        return self.call("queryMore", f"<p:queryLocator>{locator}</p:queryLocator>", headers)[0]

    def rows(self, soql: str, *, operation: str = "query") -> list[dict[str, str | None]]:
        """The records' own fields; a parent's as ``Account__r.Name``."""
        found = self.query(soql, operation=operation)
        return [_flat(record) for record in found.findall("p:records", NS)]

    def count(self, soql: str) -> int:
        return int(self.query(soql).findtext("p:size", "", NS))

    def create(self, kind: str, *records: Fields, headers: str = "") -> list[Result]:
        return results(self.call("create", sobjects(kind, records), headers))

    def update(self, kind: str, *records: Fields, headers: str = "") -> list[Result]:
        return results(self.call("update", sobjects(kind, records), headers))

    def upsert(
        self, kind: str, *records: Fields, key: str = "ERP_Key__c", headers: str = ""
    ) -> list[Result]:
        body = f"<p:externalIDFieldName>{key}</p:externalIDFieldName>{sobjects(kind, records)}"
        return results(self.call("upsert", body, headers))

    def delete(self, *keys: str | None, headers: str = "") -> list[Result]:
        return results(self.call("delete", ids(*keys), headers))

    def undelete(self, *keys: str | None) -> list[Result]:
        return results(self.call("undelete", ids(*keys)))

    def empty_recycle_bin(self, *keys: str | None) -> list[Result]:
        return results(self.call("emptyRecycleBin", ids(*keys)))

    def deleted(self, kind: str, start: datetime, end: datetime) -> list[str]:
        """The ids that getDeleted tells."""
        (found,) = self.call("getDeleted", window(kind, start, end))
        return [e.text or "" for e in found.findall("p:deletedRecords/p:id", NS)]

    def updated(self, kind: str, start: datetime, end: datetime) -> list[str]:
        """The ids that getUpdated tells."""
        (found,) = self.call("getUpdated", window(kind, start, end))
        return [e.text or "" for e in found.findall("p:ids", NS)]


def window(kind: str, start: datetime, end: datetime) -> str:
    """The arguments of getUpdated and getDeleted."""
    return (
        f"<p:sObjectType>{kind}</p:sObjectType><p:startDate>{start.isoformat()}</p:startDate>"
        f"<p:endDate>{end.isoformat()}</p:endDate>"
    )


def sobjects(kind: str, records: Iterable[Fields]) -> str:
    return "".join(f"<p:sObjects>{sobject(kind, record)}</p:sObjects>" for record in records)


def sobject(kind: str, record: Fields) -> str:
    """The content of an sObject: None goes to fieldsToNull, a mapping is a nested sObject."""
    nulls = "".join(
        f"<sf:fieldsToNull>{k}</sf:fieldsToNull>" for k, v in record.items() if v is None
    )
    own_id = f"<sf:Id>{record['Id']}</sf:Id>" if record.get("Id") else ""
    fields = "".join(_field(k, v) for k, v in record.items() if v is not None and k != "Id")
    return f"<sf:type>{kind}</sf:type>{nulls}{own_id}{fields}"


def ids(*keys: str | None) -> str:
    return "".join(f"<p:ids>{key}</p:ids>" for key in keys)


def results(found: Iterable[etree._Element]) -> list[Result]:
    return [_result(element) for element in found]


def _field(name: str, value: "str | Fields") -> str:
    if isinstance(value, str):
        return f"<sf:{name}>{escape(value)}</sf:{name}>"
    kind = {"Account__r": "Account", "Account": "Account", "Parent": "Account"}[name]
    return f"<sf:{name}>{sobject(kind, value)}</sf:{name}>"


def _result(element: etree._Element) -> Result:
    created = element.findtext("p:created", None, NS)
    return Result(
        id=element.findtext("p:id", None, NS) or None,
        success=element.findtext("p:success", None, NS) == "true",
        created=None if created is None else created == "true",
        codes=tuple(e.text or "" for e in element.findall("p:errors/p:statusCode", NS)),
        messages=tuple(e.text or "" for e in element.findall("p:errors/p:message", NS)),
        fields=tuple(e.text or "" for e in element.findall("p:errors/p:fields", NS)),
    )


def _flat(record: etree._Element, prefix: str = "") -> dict[str, str | None]:
    flat: dict[str, str | None] = {}
    for member in record:
        name = prefix + etree.QName(member).localname
        if len(member):
            flat |= _flat(member, f"{name}.")
        else:
            flat[name] = member.text
    return flat
