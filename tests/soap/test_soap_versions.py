"""What differs between the versions of SOAP."""

import pytest
from lxml import etree

from bridge.soap.soap_versions import SOAP_11, SOAP_12, FaultSide, SoapVersion

NEXT_11 = "http://schemas.xmlsoap.org/soap/actor/next"
ROLES = f"{SOAP_12.namespace}/role"


def header(soap: SoapVersion, attributes: str) -> etree._Element:
    """A header block with these attributes; `s` is the prefix of the envelope's."""
    return etree.fromstring(f'<h xmlns="urn:x" xmlns:s="{soap.namespace}" {attributes}/>')


@pytest.mark.parametrize(
    ("soap", "target", "ours"),
    [
        (SOAP_11, "", True),
        (SOAP_11, f's:actor="{NEXT_11}"', True),
        (SOAP_11, 's:actor="urn:proxy"', False),
        (SOAP_11, f's:role="{ROLES}/none"', True),
        (SOAP_12, "", True),
        (SOAP_12, 's:role=""', True),
        (SOAP_12, f's:role="{ROLES}/next"', True),
        (SOAP_12, f's:role=" {ROLES}/ultimateReceiver "', True),
        (SOAP_12, f's:role="{ROLES}/none"', False),
        (SOAP_12, 's:role="urn:proxy"', False),
        (SOAP_12, 's:actor="urn:proxy"', True),
    ],
)
@pytest.mark.parametrize("flag", ["1", "true", " 1 ", "yes", "0", "false"])
def test_whom_a_header_binds(soap: SoapVersion, target: str, ours: bool, flag: str) -> None:
    """A block for us binds where it says so; only the version's own attributes count."""
    block = header(soap, f'{target} s:mustUnderstand="{flag}"')
    assert soap.is_ours(block) is ours
    assert soap.binds(block) is (ours and flag not in ("0", "false"))
    assert not soap.binds(header(soap, target))


def test_statuses() -> None:
    """SOAP 1.1 has one status for faults; 1.2 another one for what the sender has to repair."""
    assert {int(status) for status in SOAP_11.statuses.values()} == {500}
    others = {side: int(status) for side, status in SOAP_12.statuses.items()}
    assert others.pop(FaultSide.CLIENT) == 400
    assert set(others.values()) == {500}
