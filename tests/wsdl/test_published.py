"""The bridge's own WSDL is shown, and the published files are held against the code."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from bridge.wsdl.command import wsdl_group
from tests.wsdl.documents import GOOD

ROOT = Path(__file__).parents[2]
FILE = Path("bridge") / "v1" / "erp-bridge.wsdl"


def run(*arguments: str) -> Result:
    """`erp-bridge wsdl …`."""
    return CliRunner().invoke(wsdl_group, arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the published files."""
    shutil.copytree(ROOT / "wsdl" / "bridge", tmp_path / "bridge")
    return tmp_path


def test_what_is_published_is_shown() -> None:
    """Without a source, the bridge's own WSDL is printed, byte for byte as it is published."""
    done = run("show")
    assert done.exit_code == 0
    assert done.stdout_bytes == (ROOT / "wsdl" / FILE).read_bytes()


def test_the_description_of_soap_1_2_is_shown() -> None:
    """`--soap 1.2` prints the other published WSDL."""
    published = ROOT / "wsdl" / FILE.with_name("erp-bridge-soap12.wsdl")
    assert run("show", "--soap", "1.2").stdout_bytes == published.read_bytes()
    assert "port ErpBridgeSoap12 (SOAP 1.2)" in run("show", "--soap", "1.2", "--summary").output


def test_samples_of_soap_1_2_are_exported(tmp_path: Path) -> None:
    """`export --soap 1.2` writes its WSDL, and envelopes of SOAP 1.2."""
    assert run("export", str(tmp_path), "--soap", "1.2").exit_code == 0
    assert (tmp_path / "erp-bridge-soap12.wsdl").exists()
    sample = (tmp_path / "samples" / "Ping-soap12-minimal.xml").read_text()
    assert "http://www.w3.org/2003/05/soap-envelope" in sample


def test_the_address_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address comes from the option, or from the variable that sets it for the service."""
    address = 'location="https://bridge.example.com/soap/v1"'
    assert address in run("show", "--public-url", "https://bridge.example.com").output
    monkeypatch.setenv("ERP_BRIDGE_SOAP__PUBLIC_URL", "https://bridge.example.com")
    assert address in run("show").output
    assert run("show", "--public-url", "bridge").exit_code == 2


def test_another_description_is_shown(tmp_path: Path) -> None:
    """A file is printed as it is, comments too."""
    text = GOOD.replace("<wsdl:types>", "<!-- mine --><wsdl:types>")
    (tmp_path / "a.wsdl").write_text(text)
    assert run("show", str(tmp_path / "a.wsdl")).output == text


def test_a_summary_has_signatures(shared: Path) -> None:
    """Operations stand there as a programmer reads them, with addresses."""
    told = run("show", "--summary").output
    assert "  port ErpBridgeSoap11 (SOAP 1.1): http://127.0.0.1:8080/soap/v1" in told
    signature = (
        "Receipt SubmitInvoices(MessageId MessageId, Invoice[] Invoice, SnapshotId? SnapshotId)"
        " throws BridgeFault"
    )
    assert signature in told
    partner = shared / "salesforce" / "wsdl" / "partner-66.0.wsdl"
    told = run("show", "--summary", str(partner)).output
    assert "  QueryResult query(string queryString) throws InvalidSObjectFault, " in told
    assert "port type Soap: 102 operations" in told


def test_the_published_files_match_the_code() -> None:
    """What lies in wsdl/bridge is what the code writes."""
    done = run("check")
    assert (done.exit_code, done.output) == (0, "the published files match the code\n")


def test_a_difference_is_named(folder: Path) -> None:
    """A published file that says otherwise: exit code 1, and what differs for consumers."""
    path = folder / FILE
    text = path.read_text().replace('<xs:enumeration value="VOID"/>', "", 1)
    path.write_text(text)
    done = run("check", "--folder", str(folder))
    assert done.exit_code == 1
    assert "type DocumentStatus: enumeration value added VOID (breaking)" in done.output


def test_a_difference_in_words_is_named(folder: Path) -> None:
    """Documentation that differs is told, and what no comparison sees by its line."""
    path = folder / FILE
    text = path.read_text()
    path.write_text(text.replace("An exact quantity.", "A quantity.", 1))
    done = run("check", "--folder", str(folder))
    assert done.exit_code == 1
    assert "type Quantity: documentation changed (safe)" in done.output
    path.write_text(text.replace('name="ErpBridge">', 'name="Bridge">', 1))
    assert "line 2 reads otherwise: " in run("check", "--folder", str(folder)).output
    path.write_text(text + "\n")
    assert "lines, the code writes" in run("check", "--folder", str(folder)).output


def test_the_table_of_faults_is_held_against_the_code(folder: Path) -> None:
    """What people read is checked as what programs read."""
    path = folder / FILE.with_name("FAULTS.md")
    path.write_text(path.read_text().replace("| 415 |", "| 400 |", 1))
    done = run("check", "--folder", str(folder))
    assert done.exit_code == 1
    assert f"{path}: line " in done.output


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Where nothing is published: exit code 1, and the file's name."""
    done = run("check", "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert str(FILE) in done.output


def test_a_published_file_that_is_broken_ends_with_2(folder: Path) -> None:
    """What is no XML cannot be compared."""
    (folder / FILE).write_text("<wsdl")
    assert run("check", "--folder", str(folder)).exit_code == 2


def test_shown_descriptions_are_well_formed() -> None:
    """What is printed can be read again."""
    assert etree.fromstring(run("show").stdout_bytes).tag.endswith("}definitions")
