"""Faults on the wire, in both versions of SOAP."""

from decimal import Decimal

import pytest
from lxml import etree
from lxml.etree import QName, _Element

from bridge.domain.snapshots import Difference
from bridge.operations.authentication import WrongCredentials
from bridge.operations.snapshots import SnapshotDiffers
from bridge.soap.envelope import HeaderNotUnderstood, VersionMismatch
from bridge.soap.faults import fault_of, write_fault
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion
from bridge.soap.violations import ContractViolated, Violation

SOAPS = pytest.mark.parametrize("soap", [SOAP_11, SOAP_12], ids=["1.1", "1.2"])
VIOLATED = ContractViolated([Violation(3, "Ping/A[2]", "<bad> & worse")])


def written(error: Exception, soap: SoapVersion) -> _Element:
    """The envelope of an error's fault."""
    return etree.fromstring(write_fault(error, fault_of(error, "id-1"), soap))


def qname(holder: _Element, text: str) -> str:
    """A prefixed name as lxml names it."""
    prefix, colon, local = text.rpartition(":")
    return f"{{{holder.nsmap[prefix]}}}{local}" if colon else local


def test_a_fault_of_soap_1_2() -> None:
    """Code, reason with its language, detail (SOAP 1.2 part 1, section 5.4)."""
    root = written(VIOLATED, SOAP_12)
    fault = root.find(f"{SOAP_12.tag('Body')}/{SOAP_12.tag('Fault')}")
    assert fault is not None
    assert [QName(one).localname for one in fault] == ["Code", "Reason", "Detail"]
    value = fault.find("{*}Code/{*}Value")
    assert value is not None
    assert qname(value, value.text or "") == SOAP_12.tag("Sender")
    text = fault.find("{*}Reason/{*}Text")
    assert text is not None
    assert text.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert text.text == "line 3, Ping/A[2]: <bad> & worse"
    assert fault.findtext("{*}Detail/{urn:erp-bridge:v1}BridgeFault/{*}Code") == "ContractViolated"


@pytest.mark.parametrize(
    ("error", "name_11", "name_12"),
    [
        (VIOLATED, "Client", "Sender"),
        (WrongCredentials("no"), "Client", "Sender"),
        (ZeroDivisionError("secret"), "Server", "Receiver"),
        (VersionMismatch("no"), "VersionMismatch", "VersionMismatch"),
        (HeaderNotUnderstood(["{urn:x}a"]), "MustUnderstand", "MustUnderstand"),
    ],
)
def test_soaps_own_codes(error: Exception, name_11: str, name_12: str) -> None:
    """Each version has its own names for who has to do something."""
    assert written(error, SOAP_11).findtext(".//faultcode") == f"soap:{name_11}"
    assert written(error, SOAP_12).findtext(".//{*}Code/{*}Value") == f"soap:{name_12}"


@SOAPS
def test_a_wrong_version_is_told_the_right_ones(soap: SoapVersion) -> None:
    """The block Upgrade lists the envelopes that are read, the best first (section 5.4.7)."""
    (upgrade,) = written(VersionMismatch("no"), soap).iterfind("{*}Header/*")
    assert upgrade.tag == SOAP_12.tag("Upgrade")
    assert {one.tag for one in upgrade} == {SOAP_12.tag("SupportedEnvelope")}
    other = SOAP_12 if soap is SOAP_11 else SOAP_11
    assert [qname(one, one.get("qname", "")) for one in upgrade] == [
        soap.tag("Envelope"),
        other.tag("Envelope"),
    ]


def test_totals_that_differ_are_told_one_by_one() -> None:
    """Each figure is a violation that names it; of very many, the first ones."""
    few = [Difference("Count", 2, 1), Difference("Total[EUR]", Decimal("1.50"), Decimal(0))]
    fault = fault_of(SnapshotDiffers(few), "id-1")
    assert fault.violations == (
        Violation(0, "Count", "Count is 2 in the ERP and 1 here"),
        Violation(0, "Total[EUR]", "Total[EUR] is 1.5 in the ERP and 0 here"),
    )
    many = [Difference(f"Total[{n}]", n, 0) for n in range(100)]
    assert len(fault_of(SnapshotDiffers(many), "id-1").violations) == 20


def test_headers_that_were_not_understood_are_named() -> None:
    """A block NotUnderstood for each in SOAP 1.2 (section 5.4.8); SOAP 1.1 has no such thing."""
    names = ["{urn:x}a", "{urn:it's&odd}b", "c", "{urn:x}" + "d" * 1000]
    root = written(HeaderNotUnderstood(names), SOAP_12)
    blocks = list(root.iterfind("{*}Header/*"))
    assert {one.tag for one in blocks} == {SOAP_12.tag("NotUnderstood")}
    assert [qname(one, one.get("qname", "")) for one in blocks] == names[:3]
    many = written(HeaderNotUnderstood([f"{{urn:x}}a{n}" for n in range(2000)]), SOAP_12)
    assert len(list(many.iterfind("{*}Header/*"))) == 20
    assert written(HeaderNotUnderstood(names), SOAP_11).find("{*}Header") is None
