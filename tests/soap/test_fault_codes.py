"""The table of fault codes is one for the code, the contract and the documentation."""

from pathlib import Path

from lxml import etree

from bridge import BridgeError
from bridge.soap import faults
from bridge.soap.fault_codes import FAULT_CODES
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
    assert {*errors, "InternalError"} == set(FAULT_CODES)
    for name, error in errors.items():
        made = error.__new__(error)
        assert faults.is_expected(made)
        assert faults.code_of(made).word == name


def test_the_page_lists_what_the_code_does() -> None:
    """Each row of the published table says what an error of that code is answered with."""
    rows = [line.strip("| \n").split(" | ") for line in TABLE.read_text().splitlines()]
    table = {row[0]: row[1:] for row in rows if row[0] in FAULT_CODES}
    assert list(table) == list(FAULT_CODES)
    for word, (meaning, remedy, retryable, name_11, name_12, status_11, status_12) in table.items():
        code = FAULT_CODES[word]
        assert (meaning, remedy) == (code.meaning, code.remedy)
        assert retryable == ("yes" if code.retryable else "no")
        assert (name_11, name_12) == (code.side, SOAP_12.fault_codes[code.side])
        assert (int(status_11), int(status_12)) == (
            code.status_in(SOAP_11),
            code.status_in(SOAP_12),
        )


def test_the_contract_lists_them() -> None:
    """A consumer reads in the WSDL which words there are."""
    document = etree.fromstring(write_wsdl(service_address(SoapSettings())))
    told = document.findtext(
        ".//{*}complexType[@name='BridgeFault']//{*}element[@name='Code']//{*}documentation"
    )
    assert told is not None
    assert all(f" {word} (" in told for word in FAULT_CODES)
