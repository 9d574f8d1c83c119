"""Outbound messages, from the change of a record to an endpoint that may or may not take it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from lxml import etree

from bridge.sandbox import SandboxError, SandboxServer, Setup
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import Partner

CONTRACT = Path(__file__).parents[2] / "wsdl/salesforce/outbound.wsdl"
NS = {
    "out": "http://soap.sforce.com/2005/09/outbound",
    "sf": "urn:sobject.enterprise.soap.sforce.com",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "soapenv": "http://schemas.xmlsoap.org/soap/envelope/",
}
ACK = (
    f'<e:Envelope xmlns:e="{NS["soapenv"]}"><e:Body><notificationsResponse xmlns="{NS["out"]}">'
    "<Ack>true</Ack></notificationsResponse></e:Body></e:Envelope>"
).encode()
NO_ACK = ACK.replace(b"true", b"false")


@dataclass
class Endpoint:
    """Listens, keeps every message, and answers as it is told."""

    status: int = 200
    answer: bytes = ACK
    messages: list[etree._Element] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def take(self, content: bytes, headers: dict[str, str]) -> None:
        self.headers.append(headers)
        self.messages.append(etree.fromstring(content))

    def notifications(self) -> list[etree._Element]:
        """All of them, over all messages."""
        return [
            found for each in self.messages for found in each.iterfind(".//out:Notification", NS)
        ]

    def told(self) -> list[tuple[str | None, str | None]]:
        """Each notification's record: id and name."""
        return [
            (
                each.findtext("out:sObject/sf:Id", None, NS),
                each.findtext("out:sObject/sf:Name", None, NS),
            )
            for each in self.notifications()
        ]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.take(
                self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers.items())
            )
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.answer)))
            self.end_headers()
            self.wfile.write(told.answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        told.url = f"http://127.0.0.1:{http.server_port}/notifications"
        yield told
        http.shutdown()
        thread.join()


@pytest.fixture
def server(tmp_path: Path, clock: Clock, jwt_key: bytes, endpoint: Endpoint) -> SandboxServer:
    """Tells the endpoint about accounts, once it has been started."""
    (tmp_path / "org.db.jwt-key.pem").write_bytes(jwt_key)
    setup = Setup(outbound={"Account": endpoint.url})
    return SandboxServer(tmp_path / "org.db", clock=clock, setup=setup)


@pytest.fixture
def partner(server: SandboxServer) -> Iterator[Partner]:
    with server:
        client = Partner(server)
        yield client
        client.http.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def queue(partner: Partner) -> dict[str, object]:
    """What the sandbox says of its one endpoint."""
    answer = partner.http.get(f"{partner.server.url}/sandbox/outbound").json()
    (state,) = answer["outbound"]
    return dict(state)


def test_a_change_is_told(partner: Partner, endpoint: Endpoint) -> None:
    """Created and changed records, with the fields that hold a value; other objects are not."""
    (made,) = partner.create("Account", {"Name": "Müller & Co", "Credit_Limit__c": "1000"})
    partner.create("Contact", {"LastName": "C"})
    until(lambda: len(endpoint.notifications()) == 1)
    (found,) = endpoint.notifications()
    record = found.find("out:sObject", NS)
    assert record is not None
    assert record.get(f"{{{NS['xsi']}}}type") == "sf:Account"
    fields = {etree.QName(each).localname: each.text for each in record}
    assert (fields["Id"], fields["Name"], fields["Credit_Limit__c"]) == (
        made.id,
        "Müller & Co",
        "1000.0",
    )
    assert fields["IsDeleted"] == "false"
    assert "Phone" not in fields
    partner.update("Account", {"Id": str(made.id), "Name": "Other"})
    until(lambda: endpoint.told()[1:] == [(made.id, "Other")])
    until(lambda: queue(partner)["waiting"] == 0)
    assert queue(partner)["delivered"] == 2


def test_messages_keep_to_the_contract(
    partner: Partner, endpoint: Endpoint, clock: Clock, tmp_path: Path
) -> None:
    """They are valid, and sent with an empty SOAPAction; a deleted record is its id alone."""
    endpoint.status = 503
    first, gone = partner.create("Account", {"Name": "A", "NumberOfEmployees": "5"}, {"Name": "B"})
    until(lambda: queue(partner)["last_failure"] == "HTTP 503")
    partner.delete(gone.id)
    endpoint.status = 200
    partner.update("Account", {"Id": str(first.id), "Name": "A2"})
    until(lambda: len(endpoint.messages) == 2)
    clock.advance(seconds=15)
    until(lambda: endpoint.told()[3:] == [(first.id, "A2"), (gone.id, None)])
    validate = contract(tmp_path)
    for each in endpoint.messages:
        (notifications,) = each.iterfind("soapenv:Body/out:notifications", NS)
        validate(notifications)
    assert {headers["SOAPAction"] for headers in endpoint.headers} == {'""'}
    assert {headers["Content-Type"] for headers in endpoint.headers} == {"text/xml; charset=UTF-8"}


def contract(folder: Path) -> Callable[[etree._Element], None]:
    """The WSDL's schema, its parts in files so that they find each other."""
    schemas = etree.parse(CONTRACT).findall(".//xsd:schema", NS)
    names = {str(schema.get("targetNamespace")): f"{n}.xsd" for n, schema in enumerate(schemas)}
    for schema in schemas:
        for imported in schema.findall("xsd:import", NS):
            imported.set("schemaLocation", names[str(imported.get("namespace"))])
        (folder / names[str(schema.get("targetNamespace"))]).write_bytes(etree.tostring(schema))
    return etree.XMLSchema(etree.parse(folder / names[NS["out"]])).assertValid


def test_the_header_says_whose_it_is(partner: Partner, endpoint: Endpoint) -> None:
    """The organization, the action, and a session that is good at PartnerUrl."""
    partner.create("Account", {"Name": "A"})
    until(lambda: len(endpoint.messages) == 1)
    (sent,) = endpoint.messages[0].iterfind("soapenv:Body/out:notifications", NS)
    facts = {etree.QName(each).localname: each.text for each in sent}
    (user_info,) = partner.call("getUserInfo")
    assert facts["OrganizationId"] == user_info.findtext("{*}organizationId")
    assert str(facts["ActionId"]).startswith("04k")
    partner.token = str(facts["SessionId"])
    url = str(facts["PartnerUrl"])
    answer = partner.http.post(url, data=partner.envelope("<p:getUserInfo/>"))
    assert answer.status_code == 200
    assert "/Soap/c/" in str(facts["EnterpriseUrl"])


def test_a_message_has_a_hundred_at_most(partner: Partner, endpoint: Endpoint) -> None:
    """The rest comes in the next, each with an id of its own."""
    partner.create("Account", *[{"Name": f"N{n}"} for n in range(150)])
    until(lambda: len(endpoint.notifications()) == 150)
    sizes = [len(each.findall(".//out:Notification", NS)) for each in endpoint.messages]
    assert sizes == [100, 50]
    keys = {each.findtext("out:Id", None, NS) for each in endpoint.notifications()}
    assert len(keys) == 150
    assert all(str(key).startswith("04l") for key in keys)


@pytest.mark.parametrize(
    ("status", "answer"), [(200, NO_ACK), (500, ACK), (200, b"thanks"), (204, b""), (302, ACK)]
)
def test_what_is_not_acknowledged_comes_again(
    partner: Partner, endpoint: Endpoint, clock: Clock, status: int, answer: bytes
) -> None:
    """After 15 seconds, then after twice as long each time, under the same id."""
    endpoint.status, endpoint.answer = status, answer
    partner.create("Account", {"Name": "A"})
    for attempt, pause in enumerate((15, 30, 60), start=1):
        until(lambda: queue(partner)["next_attempt_in_seconds"] == pause)  # noqa: B023
        assert len(endpoint.messages) == attempt
        clock.advance(seconds=pause)
        until(lambda: len(endpoint.messages) == attempt + 1)  # noqa: B023
    until(lambda: queue(partner)["next_attempt_in_seconds"] == 120)
    endpoint.status, endpoint.answer = 200, ACK
    clock.advance(seconds=120)
    until(lambda: queue(partner)["waiting"] == 0)
    assert len({each.findtext("out:Id", None, NS) for each in endpoint.notifications()}) == 1


def test_the_latest_state_is_told(partner: Partner, endpoint: Endpoint, clock: Clock) -> None:
    """Two changes that waited are two notifications of one state."""
    endpoint.status = 500
    (made,) = partner.create("Account", {"Name": "first"})
    until(lambda: len(endpoint.messages) == 1)
    partner.update("Account", {"Id": str(made.id), "Name": "last"})
    until(lambda: len(endpoint.messages) == 2)
    until(lambda: queue(partner)["next_attempt_in_seconds"] == 15)
    endpoint.status = 200
    clock.advance(seconds=15)
    until(lambda: queue(partner)["waiting"] == 0)
    assert endpoint.told()[2:] == [(made.id, "last"), (made.id, "last")]


def test_a_new_change_overtakes_one_that_waits(partner: Partner, endpoint: Endpoint) -> None:
    """Order is no promise."""
    endpoint.status = 500
    (early,) = partner.create("Account", {"Name": "early"})
    until(lambda: queue(partner)["last_failure"] == "HTTP 500")
    endpoint.status = 200
    (late,) = partner.create("Account", {"Name": "late"})
    until(lambda: endpoint.told() == [(early.id, "early"), (late.id, "late")])
    assert queue(partner)["waiting"] == 1


def test_a_message_is_dropped_after_a_day(
    partner: Partner, endpoint: Endpoint, clock: Clock
) -> None:
    """Nobody is told any more."""
    endpoint.status = 500
    partner.create("Account", {"Name": "A"})
    until(lambda: len(endpoint.messages) == 1)
    until(lambda: queue(partner)["next_attempt_in_seconds"] == 15)
    clock.advance(hours=24)
    until(lambda: queue(partner)["waiting"] == 0)
    assert queue(partner)["delivered"] == 0


def test_what_was_rolled_back_is_not_told(partner: Partner, endpoint: Endpoint) -> None:
    """The notification shares the change's transaction."""
    header = "<p:AllOrNoneHeader><p:allOrNone>true</p:allOrNone></p:AllOrNoneHeader>"
    partner.create("Account", {"Name": "A"}, {"Phone": "1"}, headers=header)
    (made,) = partner.create("Account", {"Name": "B"})
    until(lambda: len(endpoint.notifications()) == 1)
    assert endpoint.told() == [(made.id, "B")]


def test_an_answer_lost_on_demand_repeats_the_message(
    partner: Partner, endpoint: Endpoint, clock: Clock
) -> None:
    """The endpoint took it, and gets it again."""
    rule = '[[fault]]\nkind = "lost"\noperations = ["notifications"]\ncalls = [1]'
    partner.http.put(f"{partner.server.url}/sandbox/faults", data=rule)
    partner.create("Account", {"Name": "A"})
    until(lambda: queue(partner)["last_failure"] == "the answer was lost on demand")
    clock.advance(seconds=15)
    until(lambda: queue(partner)["waiting"] == 0)
    first, second = endpoint.notifications()
    assert first.findtext("out:Id", None, NS) == second.findtext("out:Id", None, NS)


def test_the_queue_outlives_the_server(
    server: SandboxServer, endpoint: Endpoint, clock: Clock
) -> None:
    """What could not be told before a stop is told after the next start."""
    endpoint.status = 500
    with server:
        partner = Partner(server)
        partner.create("Account", {"Name": "A"})
        until(lambda: len(endpoint.messages) == 1)
        until(lambda: queue(partner)["next_attempt_in_seconds"] == 15)
        partner.http.close()
    endpoint.status = 200
    clock.advance(seconds=15)
    with server:
        until(lambda: len(endpoint.messages) == 2)
    untold, told = endpoint.notifications()
    assert untold.findtext("out:Id", None, NS) == told.findtext("out:Id", None, NS)


def test_nobody_listening_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """State and log name the reason, and of the address no more than the host: a path may hold a
    key. The sandbox goes on and stops as ever.
    """
    setup = Setup(outbound={"Account": "http://user:word@127.0.0.1:9/notifications/KEY?key=KEY"})
    with SandboxServer(tmp_path / "org.db", setup=setup) as server:
        partner = Partner(server)
        partner.create("Account", {"Name": "A"})
        until(lambda: "refused" in str(queue(partner)["last_failure"]))
        assert queue(partner)["waiting"] == 1
        assert queue(partner)["endpoint"] == "http://127.0.0.1:9"
        partner.http.close()
    assert "outbound message of Account to http://127.0.0.1:9: " in caplog.text
    assert not {"KEY", "word"} & set(re.findall("[A-Za-z]+", caplog.text))


@pytest.mark.parametrize(
    ("name", "url", "problem"),
    [
        ("Nothing", "http://127.0.0.1:9/", "no such object"),
        ("User", "http://127.0.0.1:9/", "no such object"),
        ("Account", "file:///etc/passwd", "URL"),
        ("Account", "127.0.0.1:9", "URL"),
        ("Account", "http://127.0.0.1:99999/", "URL"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, name: str, url: str, problem: str) -> None:
    """An unknown object, and an address that is none."""
    with pytest.raises(SandboxError, match=problem):
        SandboxServer(tmp_path / "org.db", setup=Setup(outbound={name: url})).start()


def test_the_contract_has_salesforces_shape() -> None:
    """The message of a real org has the same elements, in the same order, with the same types."""
    real = Path(__file__).parents[2].parent / "shared/salesforce/wsdl/outbound-message.wsdl"
    if not real.exists():
        pytest.skip("needs outbound-message.wsdl of ../shared/salesforce, which is not here")
    ours, theirs = shape(CONTRACT), shape(real)
    assert ours == theirs


def shape(path: Path) -> list[tuple[str, ...]]:
    """Name and facts of the elements that make a message and its answer."""
    schema = etree.parse(path).find(f".//xsd:schema[@targetNamespace='{NS['out']}']", NS)
    assert schema is not None
    found = []
    for each in schema.iterfind(".//xsd:element", NS):
        kind = str(each.get("type", "")).rpartition(":")[2]
        own = kind if kind in {"ID", "string", "boolean"} else ""
        found.append(
            (str(each.get("name")), own, *map(str, map(each.get, ("nillable", "maxOccurs"))))
        )
    return sorted(found)


def test_a_plain_server_tells_nobody(sandbox: SandboxServer) -> None:
    """Unless told to."""
    answer = requests.get(f"{sandbox.url}/sandbox/outbound", timeout=10)
    assert answer.json() == {"outbound": []}
