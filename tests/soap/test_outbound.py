"""Salesforce's outbound messages over real sockets: acknowledged when stored, or refused."""

import base64
import gzip
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import argon2
import pytest
import requests
from cheroot.wsgi import Server
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs
from zeep import Client

from bridge.domain.crm import Notification
from bridge.operations import kept_secrets
from bridge.operations.calls import CallRow
from bridge.operations.certificates import fingerprint_of_pem
from bridge.operations.consumers import create_consumer, permit_consumer
from bridge.operations.notifications import NOTIFICATIONS, OutboundMessage
from bridge.operations.rights import Rights, network_of
from bridge.proxies import BehindProxies
from bridge.soap.calls import decode_fault, encode_request
from bridge.soap.envelope import (
    ForbiddenMarkup,
    MalformedXml,
    NotAnEnvelope,
    VersionMismatch,
    read_envelope,
)
from bridge.soap.http import SoapEndpoint
from bridge.soap.limits import RequestTooComplex
from bridge.soap.outbound import PATH, read_message, subject_in
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.subjects import UnknownOperation
from bridge.soap.violations import ContractViolated
from bridge.store.models import Notification as StoredNotification
from bridge.store.orgs import adopt_org
from tests.builders import EARLY
from tests.callers import certificate, pem_of
from tests.hostile.mutations import spoil_bytes, spoil_structure
from tests.outbound import ORG, OTHER_ORG, SESSION, TOLD, notification, outbound_message
from tests.soap.conftest import Endpoint

Sessions = sessionmaker[Session]
ACK = b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
GOOD = outbound_message(TOLD)
RIGHTS = Rights(operations=frozenset({NOTIFICATIONS}), keep_envelopes=True)
REFUSALS = (
    ContractViolated,
    ForbiddenMarkup,
    MalformedXml,
    NotAnEnvelope,
    RequestTooComplex,
    UnknownOperation,
    VersionMismatch,
)
CERTIFICATE = certificate(EARLY, "salesforce")


@dataclass(frozen=True)
class Door:
    """Where Salesforce sends its messages, with the key and without."""

    open_url: str
    url: str
    key: str
    endpoint: Endpoint

    def send(self, content: bytes, url: str = "", **headers: str) -> requests.Response:
        """One message; a header's name has `_` for its hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'} | given
        return requests.post(url or self.url, data=content, headers=sent, timeout=30)

    def stored(self) -> list[str]:
        """The ids of all notifications that are stored."""
        with self.endpoint.context.sessions() as session:
            return list(
                session.scalars(select(StoredNotification.id).order_by(StoredNotification.id))
            )

    def last_call(self) -> CallRow:
        return self.endpoint.calls()[0]


@pytest.fixture
def door(
    endpoint: Endpoint,
    sessions: Sessions,
    now: datetime,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Door:
    """Open to the consumer `salesforce`, for the org that was read."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(kept_secrets, "_HASHER", hasher)  # hashing is slow on purpose
    context = replace(endpoint.context, sobjects=frozenset({"Account"}))
    server.wsgi_app = SoapEndpoint(context)
    with sessions.begin() as session:
        adopt_org(session, ORG, now=now)
    secret = create_consumer(
        sessions,
        name="salesforce",
        now=now,
        rights=RIGHTS,
        certificate=fingerprint_of_pem(pem_of(CERTIFICATE)),
    )
    url = endpoint.url.replace("/soap/v1", PATH)
    return Door(url, f"{url}/2.{secret}", f"2.{secret}", endpoint)


def code_in(response: requests.Response) -> str:
    fault = decode_fault(response.content)
    assert fault is not None, response.content
    return fault.code


def test_a_message_is_stored_and_acknowledged(door: Door) -> None:
    """In Salesforce's words; the call is in the trail."""
    response = door.send(outbound_message(TOLD, notification(2)))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert ACK in response.content
    assert door.stored() == [TOLD.id, notification(2).id]
    call = door.last_call()
    assert (call.consumer, call.operation, call.outcome) == ("salesforce", NOTIFICATIONS, "ok")
    assert call.message_id == "04k000000000001AAA"


def test_a_repeated_message_is_acknowledged_again(door: Door) -> None:
    """And stored once."""
    for _ in range(3):
        assert ACK in door.send(GOOD).content
    assert door.stored() == [TOLD.id]


def test_ids_of_15_characters_are_the_same(door: Door) -> None:
    """The org's, the notification's and the record's."""
    short = GOOD
    for one in (ORG, TOLD.id, TOLD.salesforce_id):
        short = short.replace(one.encode(), one[:15].encode())
    assert ACK in door.send(GOOD).content
    assert ACK in door.send(short).content
    assert door.stored() == [TOLD.id]


def test_the_key_travels_in_a_header_too(door: Door) -> None:
    """As for any consumer; a slash at the end of the address does no harm."""
    assert ACK in door.send(GOOD, door.open_url, X_API_Key=door.key).content
    assert ACK in door.send(GOOD, f"{door.url}/").content


def test_a_certificate_proves_the_org(door: Door, server: Server, now: datetime) -> None:
    """The one that a trusted proxy tells: then the address needs no key."""
    server.wsgi_app = BehindProxies(
        server.wsgi_app,
        trusted=[network_of("127.0.0.1/32")],
        certificate_header="Client-Cert",
    )
    shown = base64.b64encode(CERTIFICATE.public_bytes(Encoding.DER)).decode()
    assert ACK in door.send(GOOD, door.open_url, Client_Cert=f":{shown}:").content
    assert door.last_call().consumer == "salesforce"


@pytest.mark.parametrize("key", ["", "/2.wrong", "/1.wrong", "/nonsense", "/a/b", "/%00"])
def test_forged_messages_are_refused(door: Door, key: str) -> None:
    """Without the key nothing is stored, and the trail counts the attempt."""
    response = door.send(GOOD, door.open_url + key)
    assert (response.status_code, code_in(response)) == (401, "WrongCredentials")
    assert door.stored() == []
    call = door.last_call()
    assert (call.consumer, call.operation) == (None, NOTIFICATIONS)
    assert call.outcome == "WrongCredentials"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (outbound_message(TOLD, org=OTHER_ORG), "ForeignOrganization"),
        (outbound_message(notification(1, sobject="Contact")), "UnmappedObject"),
        (outbound_message(TOLD, notification(1, record=2)), "NotificationReused"),
        (encode_request("Ping"), "UnknownOperation"),
        (GOOD.replace(b"2005/09/outbound", b"2005/09/inbound"), "UnknownOperation"),
    ],
)
def test_foreign_messages_are_refused(door: Door, content: bytes, code: str) -> None:
    """Each for its own reason, which the trail counts; nothing of them is stored."""
    response = door.send(content)
    assert (response.status_code, code_in(response)) == (500, code)
    assert door.stored() == []
    assert (door.last_call().outcome, door.last_call().operation) == (code, NOTIFICATIONS)


def test_other_consumers_may_not_send(door: Door) -> None:
    """Whoever may do everything may not do this; and Salesforce may do nothing else."""
    response = door.send(GOOD, door.open_url, X_API_Key=f"1.{door.endpoint.secret}")
    assert code_in(response) == "NotPermitted"
    response = door.send(encode_request("Ping"), door.endpoint.url, X_API_Key=door.key)
    assert code_in(response) == "NotPermitted"
    assert door.stored() == []


def test_other_networks_may_not_send(door: Door, sessions: Sessions, now: datetime) -> None:
    """Where the consumer's rights name some."""
    rights = Rights(operations=RIGHTS.operations, networks=(network_of("203.0.113.0/24"),))
    permit_consumer(sessions, name="salesforce", change=lambda _: rights, now=now, by="ada")
    response = door.send(GOOD)
    assert (code_in(response), door.stored()) == ("NotPermitted", [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "RequestIncomplete"),
        (b"\x00\xff", "UnsupportedEncoding"),
        (GOOD[:-9], "MalformedXml"),
        (GOOD.replace(b"<soap:Env", b"<!DOCTYPE x><soap:Env", 1), "ForbiddenMarkup"),
        (GOOD.replace(b">https://x/c<", b">&xxe;<"), "MalformedXml"),
        (GOOD.replace(b"<ActionId>", b"<?php ?><ActionId>"), "ForbiddenMarkup"),
        (GOOD.replace(b"<sf:Id>", b"<sf:Id>" + b"<a>" * 40), "MalformedXml"),
        (
            outbound_message(TOLD, fields=f"<sf:Name>{'<a>' * 40}{'</a>' * 40}</sf:Name>"),
            "RequestTooComplex",
        ),
        (outbound_message(TOLD, fields=f"<sf:Name>{'x' * 70_000}</sf:Name>"), "RequestTooComplex"),
        (outbound_message(TOLD, fields="<sf:Name/>" * 3_000), "RequestTooComplex"),
        (outbound_message(TOLD, fields=" " * 2_000_000), "RequestTooLarge"),
        (outbound_message(*map(notification, range(101))), "ContractViolated"),
    ],
)
def test_hostile_messages_are_refused(door: Door, content: bytes, code: str) -> None:
    """By the same door as every call."""
    assert code_in(door.send(content)) == code
    assert door.stored() == []


def test_an_exploding_message_is_refused(door: Door) -> None:
    """A small body that expands to a large one."""
    content = gzip.compress(outbound_message(TOLD, fields=" " * 50_000_000))
    assert code_in(door.send(content, Content_Encoding="gzip")) == "RequestTooLarge"
    assert ACK in door.send(gzip.compress(GOOD), Content_Encoding="gzip").content


def test_no_session_is_kept(door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither stored nor logged, whatever becomes of the message and whatever rights say."""
    with capture_logs() as logged:
        for content in (GOOD, GOOD[:-9], outbound_message(TOLD, org=OTHER_ORG)):
            door.send(content)
    assert [call.envelope for call in door.endpoint.calls()] == [None, None, None]
    assert len(logged) > 3
    assert SESSION not in str(logged)
    for file in tmp_path.iterdir():
        assert SESSION.encode() not in file.read_bytes(), file


def test_the_contract_is_described(door: Door) -> None:
    """At the address itself, for SOAP 1.1; the address is the settings'."""
    answer = requests.get(f"{door.open_url}?wsdl", timeout=10)
    assert f'location="http://127.0.0.1:8080{PATH}"' in answer.text
    client = Client(f"{door.open_url}?wsdl")
    assert "notifications" in client.service._operations
    told = requests.get(door.url, timeout=10).text
    assert f"{PATH}?wsdl" in told
    assert "wsdl12" not in told
    assert door.key not in told


def test_a_message_in_soap_12_is_answered_so(door: Door) -> None:
    """Salesforce sends SOAP 1.1; a proxy may translate."""
    content = GOOD.replace(SOAP_11.namespace.encode(), SOAP_12.namespace.encode())
    response = door.send(content, Content_Type=SOAP_12.content_type)
    assert response.headers["Content-Type"] == SOAP_12.content_type
    assert ACK in response.content


def read(content: bytes) -> OutboundMessage:
    return read_message(read_envelope(content).body)


def test_only_ids_are_read() -> None:
    """What else a message says, of a newer org too, changes nothing."""
    more = outbound_message(TOLD, fields="<sf:Name>x</sf:Name><sf:New><a/></sf:New>")
    more = more.replace(b"<ActionId>", b"<Brand><New/></Brand><ActionId>")
    assert read(more) == read(GOOD) == OutboundMessage(ORG, (TOLD,))


class Chance:
    """Decisions by chance, the same each time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, below: int) -> int:
        return self._random.randrange(below)

    def text(self) -> str:
        return "".join(chr(self._random.randrange(32, 0x500)) for _ in range(self.number(20)))


@pytest.mark.parametrize("spoil", [spoil_bytes, spoil_structure])
def test_a_spoiled_message_is_read_or_refused(spoil: Callable[[bytes, Chance], bytes]) -> None:
    """Whatever is sent: ids of the right shape come out of it, or an error that has a fault."""
    taken = []
    for seed in range(500):
        content, chance = GOOD, Chance(seed)
        for _ in range(1 + chance.number(3)):
            content = spoil(content, chance)
        taken += outcome(content)
    assert taken
    for one in taken:
        assert all(len(text) == 18 and text.isalnum() for text in (one.id, one.salesforce_id))


def outcome(content: bytes) -> Sequence[Notification]:
    """The notifications in a message; none where it is refused as it has to be."""
    try:
        body = read_envelope(content, SoapSettings()).body
        subject_in(body, "")
        return read_message(body).notifications
    except REFUSALS:
        return ()


def test_a_deleted_record_comes_empty() -> None:
    """It tells nothing, and the message is good."""
    told = f"<sf:Id>{TOLD.salesforce_id}</sf:Id>".encode()
    for empty in (b"", b'<sf:Id xsi:nil="true"/>', b"<sf:Id></sf:Id>"):
        assert read(GOOD.replace(told, empty)) == OutboundMessage(ORG, ())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(f"<OrganizationId>{ORG}</OrganizationId>", ""),
        lambda text: text.replace(ORG, f"{ORG}</OrganizationId><OrganizationId>{OTHER_ORG}"),
        lambda text: text.replace(ORG, "00D' OR 1=1 --"),
        lambda text: text.replace(ORG, f"{ORG[:15]}<x/>"),
        lambda text: text.replace(TOLD.id, "04l"),
        lambda text: text.replace(TOLD.id, ""),
        lambda text: text.replace(f"<Id>{TOLD.id}</Id>", ""),
        lambda text: text.replace(TOLD.salesforce_id, "001000000000001AA"),
        lambda text: text.replace(TOLD.salesforce_id, "00100000000000éAAA"),
        lambda text: text.replace("</sObject>", "<sf:Id>x</sf:Id></sObject>"),
        lambda text: text.replace("<sObject", "<sObject/><sObject"),
        lambda text: text.replace("sf:Account", "Account"),
        lambda text: text.replace("sf:Account", "sf:"),
        lambda text: text.replace("sf:Account", "xx:Account"),
        lambda text: text.replace(' xsi:type="sf:Account"', ""),
    ],
)  # fmt: skip
def test_a_message_out_of_shape_is_refused(spoil: Callable[[str], str]) -> None:
    """What is missing, doubled or no id: two readers of it might not read the same."""
    spoiled = spoil(GOOD.decode())
    assert spoiled != GOOD.decode()
    with pytest.raises(ContractViolated):
        read(spoiled.encode())
