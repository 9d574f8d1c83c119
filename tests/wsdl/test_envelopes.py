"""Envelopes and running services are held against the rules that no description shows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.consumers import create_consumer
from bridge.wsdl.command import wsdl_group
from bridge.wsdl.lint.envelopes import CHECKS, lint_envelope
from bridge.wsdl.lint.linting import lint_source
from bridge.wsdl.lint.service import RULES
from bridge.wsdl.source import Place, UnusableDescription
from tests.wsdl.documents import GOOD, changed
from tests.wsdl.serving import served, served_bridge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    '<s:Header><h:H xmlns:h="urn:h" s:mustUnderstand="0"/></s:Header>'
    "<s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring>"
    '<detail><d:D xmlns:d="urn:d"><d:X/></d:D></detail></s:Fault></s:Body></s:Envelope>'
)
STYLE = ' s:encodingStyle="urn:x"'
BODY = '<s:Body><d:D xmlns:d="urn:d"><d:X/></d:D></s:Body>'
OK = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{BODY}</s:Envelope>'

BAD = [
    ("R1000", changed(("<detail>", "<more/><detail>"), text=FAULT)),
    ("R1001", FAULT.replace("faultstring", "s:faultstring")),
    ("R1003", changed(("<detail>", '<detail s:actor="urn:x">'), text=FAULT)),
    ("R1004", changed(("s:Client", "s:Client.Auth"), text=FAULT)),
    ("R1004", changed(("s:Client", "Client"), text=FAULT)),
    ("R1004", changed(("s:Client", "nowhere:Client"), text=FAULT)),
    ("R1005", changed(("<s:Body", f"<s:Body{STYLE}"), text=FAULT)),
    ("R1006", changed(('xmlns:d="urn:d"', f'xmlns:d="urn:d"{STYLE}'), text=OK)),
    ("R1007", changed(("<d:X", f"<d:X{STYLE}"), text=OK)),
    ("R1009", changed(("<d:X/>", "<?php x?>"), text=OK)),
    ("R1009", "<?style x?>" + OK),
    ("R1011", changed(("</s:Body>", '</s:Body><t:T xmlns:t="urn:t"/>'), text=OK)),
    ("R1012", f'<?xml version="1.0" encoding="ISO-8859-1"?>{OK}'),
    ("R1013", changed(('mustUnderstand="0"', 'mustUnderstand="true"'), text=FAULT)),
    ("R1014", changed(("<d:X/>", "<d:X/>"), (BODY, "<s:Body><X/></s:Body>"), text=OK)),
]


def broken(envelope: str) -> set[str]:
    """The names of the rules that an envelope breaks."""
    encoding = "utf-16" if 'encoding="utf-16"' in envelope else "utf-8"
    return {one.rule.name for one in lint_envelope(envelope.encode(encoding), Place(url="x"))}


@pytest.mark.parametrize(
    "envelope",
    [
        FAULT,
        OK,
        changed(("<detail>", '<detail kind="x" h:k="y" xmlns:h="urn:h">'), text=FAULT),
        FAULT.replace("<faultcode>s:Client", '<faultcode xmlns:h="urn:h">h:Late'),
        '<?xml version="1.0" encoding="utf-16"?>' + OK,
    ],
)
def test_a_good_envelope_has_no_findings(envelope: str) -> None:
    """A fault and an answer as the profile wants them."""
    assert broken(envelope) == set()


@pytest.mark.parametrize(("name", "envelope"), BAD)
def test_a_bad_envelope_is_told(name: str, envelope: str) -> None:
    """What breaks a rule is found under its name, and nothing else is."""
    assert broken(envelope) == {name}


def test_every_rule_of_envelopes_has_a_bad_one() -> None:
    """No rule is without a test that it finds something."""
    assert {one.rule.name for one in CHECKS} == {name for name, _ in BAD}


def test_an_envelope_in_a_file_is_linted(tmp_path: Path) -> None:
    """`wsdl lint` takes a saved envelope too, and refuses a DOCTYPE in it."""
    (tmp_path / "fault.xml").write_text(BAD[0][1])
    done = CliRunner().invoke(wsdl_group, ["lint", str(tmp_path / "fault.xml")])
    assert done.exit_code == 1
    assert "R1000" in done.output
    (tmp_path / "fault.xml").write_text("<!DOCTYPE x>" + FAULT)
    assert CliRunner().invoke(wsdl_group, ["lint", str(tmp_path / "fault.xml")]).exit_code == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_bridge_answers_by_the_rules(sessions: sessionmaker[Session]) -> None:
    """Called without credentials and with them, the bridge gives no reason for a finding."""

    secret = create_consumer(sessions, name="erp", now=datetime.now(UTC))
    with served_bridge(sessions) as address:
        for credentials in ("", f"erp:{secret}@"):
            for query in ("wsdl", "wsdl12"):
                url = address.replace("http://", f"http://{credentials}") + f"/soap/v1?{query}"
                assert lint_source(url, calls=True) == ((), [])


class Careless:
    """A service that does everything wrong that can be seen from outside."""

    def __init__(self, address: str, text: str = GOOD) -> None:
        self._wsdl = changed(("https://erp.example.com", address), text=text)
        self.status, self.answer, self.kind = "200 OK", FAULT, "text/xml"

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Takes the address of its WSDL from the request, and answers all calls alike."""
        text, status = self.answer, self.status
        if environ["REQUEST_METHOD"] == "GET":
            status = "200 OK"
            host = environ["HTTP_HOST"]
            text = self._wsdl.replace("127.0.0.1", host) if "invalid" in host else self._wsdl
        start_response(status, [("Content-Type", self.kind)])
        return [text.encode()]


@pytest.mark.parametrize(
    ("status", "answer", "kind", "rules"),
    [
        ("200 OK", FAULT, "text/xml", {"T9", "T11", "R1126"}),
        ("200 OK", BAD[0][1], "text/xml", {"T9", "T11", "R1126", "R1000"}),
        ("200 OK", FAULT, "application/json", {"T9", "T10", "T11", "R1126"}),
        ("200 OK", OK, "text/xml", {"T9", "T10", "T11"}),
        ("200 OK", "oops", "text/plain", {"T9", "T10", "T11"}),
    ],
)
def test_a_careless_service_is_told(status: str, answer: str, kind: str, rules: set[str]) -> None:
    """A fault with HTTP 200, a DOCTYPE let through, a spoofed Host believed: each is found."""
    careless: list[Careless] = []

    def make(address: str) -> "WSGIApplication":
        careless.append(Careless(address))
        careless[0].status, careless[0].answer, careless[0].kind = status, answer, kind
        return careless[0]

    with served(make) as address:
        findings, _ = lint_source(f"{address}/orders?wsdl", calls=True)
    assert {one.rule.name for one in findings} == rules
    assert rules <= {one.name for one in RULES} | {"R1000"}


IN_SOAP_12 = GOOD.replace("/wsdl/soap/", "/wsdl/soap12/")
FAULT_12 = FAULT.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope")
MEDIA_TYPE_12 = "application/soap+xml; charset=utf-8"


@pytest.mark.parametrize(
    ("status", "answer", "kind", "rules"),
    [
        ("400 Bad Request", FAULT_12, MEDIA_TYPE_12, {"T9"}),
        ("500 Oops", FAULT_12, "text/xml", {"T9", "T10"}),
        ("200 OK", FAULT_12, MEDIA_TYPE_12, {"T9", "T10", "T11"}),
        ("500 Oops", FAULT, MEDIA_TYPE_12, {"T9", "T10"}),
    ],
)
def test_a_careless_service_of_soap_12_is_told(
    status: str, answer: str, kind: str, rules: set[str]
) -> None:
    """SOAP 1.2 is called in its own words: its faults travel with HTTP 400 or 500."""

    def make(address: str) -> "WSGIApplication":
        careless = Careless(address, IN_SOAP_12)
        careless.status, careless.answer, careless.kind = status, answer, kind
        return careless

    with served(make) as address:
        findings, _ = lint_source(f"{address}/orders?wsdl", calls=True)
    assert {one.rule.name for one in findings} == rules


def test_only_the_host_of_the_wsdl_is_called(tmp_path: Path) -> None:
    """An address on another host is told, not called; a file's service is not called either."""
    (tmp_path / "a.wsdl").write_text(GOOD)
    with pytest.raises(UnusableDescription, match="only where its WSDL was read from a URL"):
        lint_source(str(tmp_path / "a.wsdl"), calls=True)
    with (
        served(lambda _: Careless("https://erp.example.com")) as address,
        pytest.raises(UnusableDescription, match=r"erp\.example\.com.* not called"),
    ):
        lint_source(f"{address}/orders?wsdl", calls=True)
