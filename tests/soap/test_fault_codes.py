"""The table of fault codes is one for the code, the contract and the documentation."""

from pathlib import Path

from lxml import etree

from bridge import BridgeError
from bridge.soap import faults
from bridge.soap.fault_codes import FAULT_CODES, NOTIFICATION_CODES
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.wsdl import service_address, write_wsdl

TABLE = Path(__file__).parents[2] / "wsdl" / "bridge" / "v1" / "FAULTS.md"


def test_each_code_is_an_error_and_each_error_has_a_code() -> None:
    """What the service refuses is in the table, and the table holds nothing else."""
    errors = {
        name: one
        for name, one in vars(faults).items()
        if isinstance(one, type) and issubclass(one, BridgeError) and one is not BridgeError
    }
    assert {*errors, "InternalError"} == {*FAULT_CODES, *NOTIFICATION_CODES}
    assert not set(FAULT_CODES) & set(NOTIFICATION_CODES)
    for name, error in errors.items():
        made = error.__new__(error)
        assert faults.is_expected(made)
        assert faults.code_of(made).word == name


def test_the_page_lists_what_the_code_does() -> None:
    """Each row of the published table says what an error of that code is answered with."""
    rows = [line.strip("| \n").split(" | ") for line in TABLE.read_text().splitlines()]
    table = {row[0]: row[1:] for row in rows if row[0] in FAULT_CODES}
    assert list(table) == list(FAULT_CODES)
    for word, row in table.items():
        code = FAULT_CODES[word]
        assert row[:3] == [code.meaning, code.remedy, "yes" if code.retryable else "no"]
        assert row[3] == (code.standard or code.side)
        names = [SOAP_12.fault_codes[code.side], code.standard]
        assert row[4] == ", ".join(filter(None, names))
        assert row[5:] == [str(int(code.status_in(soap))) for soap in (SOAP_11, SOAP_12)]


def test_the_contract_lists_them() -> None:
    """A consumer reads in the WSDL which words there are."""
    document = etree.fromstring(write_wsdl(service_address(SoapSettings())))
    fault = document.find(".//{*}complexType[@name='BridgeFault']")
    assert fault is not None
    told = fault.findtext(".//{*}element[@name='Code']//{*}documentation")
    assert told is not None
    assert all(f" {word} (" in told for word in FAULT_CODES)
