"""The envelopes of an outbound message and of its answer (wsdl/salesforce/outbound.wsdl)."""

import sqlite3
import zlib
from collections.abc import Sequence

from lxml import etree

from bridge.sandbox.ids import new_id
from bridge.sandbox.org import Org
from bridge.sandbox.outbound.queue import Notification
from bridge.sandbox.schema import SObject
from bridge.sandbox.soap.wire import SOAP, XSI, element
from bridge.sandbox.values import Stored, renderer

OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
ENTERPRISE_SOBJECT = "urn:sobject.enterprise.soap.sforce.com"
_ACTION_KEY_PREFIX = "04k"
_VERSION = "66.0"
_Row = Sequence[Stored | None]


def message(
    org: Org,
    connection: sqlite3.Connection,
    sobject: SObject,
    notifications: Sequence[Notification],
    *,
    session_id: str,
    base_url: str,
) -> str:
    """The envelope of up to 100 notifications, each with its record as it is now.

    Nulls are left out; of a record that was deleted the id alone is there.
    """
    found = _records(connection, sobject, [each.record_id for each in notifications])
    place = f"{base_url}/services/Soap"
    return "".join(
        [
            f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}"'
            f' xmlns:xsi="{XSI}"><soapenv:Body><notifications xmlns="{OUTBOUND}">',
            element("OrganizationId", org.id),
            element("ActionId", action_id(org, sobject)),
            element("SessionId", session_id),
            element("EnterpriseUrl", f"{place}/c/{_VERSION}/{org.id}"),
            element("PartnerUrl", f"{place}/u/{_VERSION}/{org.id}"),
            *[
                f"<Notification>{element('Id', each.id(org.database.pod))}"
                f"{_record(sobject, each.record_id, found.get(each.record_id))}</Notification>"
                for each in notifications
            ],
            "</notifications></soapenv:Body></soapenv:Envelope>",
        ]
    )


def action_id(org: Org, sobject: SObject) -> str:
    """The id of the object's outbound message: the same after each start."""
    return new_id(_ACTION_KEY_PREFIX, org.database.pod, zlib.crc32(sobject.name.encode()))


def is_acknowledged(content: bytes) -> bool:
    """Whether an answer says ``Ack`` true."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return False
    path = f"{{{SOAP}}}Body/{{{OUTBOUND}}}notificationsResponse/{{{OUTBOUND}}}Ack"
    return (root.findtext(path) or "").strip() in {"true", "1"}


def _records(
    connection: sqlite3.Connection, sobject: SObject, record_ids: Sequence[str]
) -> dict[str, _Row]:
    """The living records by their ids: the fields in the order of ``_names``."""
    columns = ", ".join(f'"{name}"' for name in ("Id", *_names(sobject)))
    marks = ", ".join("?" * len(record_ids))
    found = connection.execute(
        f'SELECT {columns} FROM "{sobject.name}"'  # noqa: S608  (schema's names)
        f' WHERE "Id" IN ({marks}) AND "IsDeleted" = 0',
        record_ids,
    )
    return {key: values for key, *values in found}


def _record(sobject: SObject, record_id: str, values: _Row | None) -> str:
    fields = [
        f"<sf:{name}>{renderer(field)(value)}</sf:{name}>"
        for name, value in zip(_names(sobject), values or (), strict=values is not None)
        if value is not None and (field := sobject.field(name))
    ]
    return (
        f'<sObject xmlns:sf="{ENTERPRISE_SOBJECT}" xsi:type="sf:{sobject.name}">'
        f"<sf:Id>{record_id}</sf:Id>{''.join(fields)}</sObject>"
    )


def _names(sobject: SObject) -> list[str]:
    """All fields but the id, in the alphabetical order of such WSDLs."""
    return sorted(field.name for field in sobject.shown if field.name != "Id")
