"""What consumers are handed is right: valid samples, whole schemas, projects that open."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from lxml import etree
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.consumers import create_consumer
from bridge.wsdl.command import wsdl_group
from bridge.wsdl.export.patterns import PatternNotUnderstood, text_for_pattern
from tests.wsdl.documents import GOOD, changed
from tests.wsdl.serving import served_bridge

XS = "http://www.w3.org/2001/XMLSchema"
CON = {"con": "http://eviware.com/soapui/config"}


def exported(folder: Path, source: Path | str | None = None, soap: str = "1.1") -> list[Path]:
    """`wsdl export`, of the bridge's own WSDL or another: the files."""
    of = ["--soap", soap] if source is None else ["--of", str(source)]
    done = CliRunner().invoke(wsdl_group, ["export", str(folder), *of])
    assert done.exit_code == 0, done.output
    files = [Path(line) for line in done.output.splitlines()]
    assert sorted(files) == sorted(path for path in folder.rglob("*") if path.is_file())
    return files


def schema_of(files: list[Path]) -> etree.XMLSchema:
    """The exported schemas as one, by libxml2."""
    schemas = {
        path.name: etree.parse(path).getroot().get("targetNamespace")
        for path in files
        if path.suffix == ".xsd"
    }
    imports = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="{name}"/>'
        for name, namespace in schemas.items()
        if namespace
    )
    whole = files[0].parent / "whole.xsd"
    whole.write_text(f'<xs:schema xmlns:xs="{XS}">{imports}</xs:schema>')
    return etree.XMLSchema(etree.parse(whole))


def assert_valid(files: list[Path]) -> int:
    """Each header and body of each sample is valid; how many samples there are."""
    schema, samples = schema_of(files), [path for path in files if path.parent.name == "samples"]
    for path in samples:
        for part in etree.parse(path).getroot():
            for content in part:
                assert schema.validate(content), f"{path.name}: {schema.error_log}"
    return len(samples)


def with_types(folder: Path, types: str, elements: str) -> Path:
    """The good description with more types, and more elements in an order."""
    note = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'
    path = folder / "a.wsdl"
    path.write_text(changed((note, elements), ("</xs:schema>", f"{types}</xs:schema>")))
    return path


def test_samples_of_our_operations_are_valid(tmp_path: Path) -> None:
    """A minimal and a full envelope for each of the ten operations, valid by the exported XSD."""
    assert assert_valid(exported(tmp_path)) == 24
    full = (tmp_path / "samples" / "SubmitInvoices-full.xml").read_text()
    minimal = (tmp_path / "samples" / "SubmitInvoices-minimal.xml").read_text()
    assert "<tns:Currency>EUR</tns:Currency>" in full
    assert "PurchaseOrder" in full
    assert "PurchaseOrder" not in minimal


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_bridge_takes_the_samples(
    tmp_path: Path, sessions: sessionmaker[Session], soap: str
) -> None:
    """Sent to a running bridge as they are, every record of every sample is accepted.

    What asks for something that is not there is answered by a typed fault. Only the snapshot has to
    be left out, which nobody has begun.
    """
    secret = create_consumer(sessions, name="erp", now=datetime.now(UTC))
    folder = tmp_path / "out"
    collection = next(one for one in exported(folder, soap=soap) if one.suffix == ".json")
    codes, outcomes = set(), set()
    with served_bridge(sessions) as address:
        for request in postman_requests(json.loads(collection.read_text())):
            path = folder / "samples" / f"{request['name']}.xml"
            answer = requests.post(
                f"{address}/soap/v1",
                data=without_snapshot(path.read_bytes()),
                headers={one["key"]: one["value"] for one in request["header"]},
                auth=("erp", secret),
                timeout=30,
            )
            told = etree.fromstring(answer.content)
            codes.add(told.findtext(".//{*}BridgeFault/{*}Code"))
            outcomes |= {one.text for one in told.iterfind(".//{*}Result/{*}Outcome")}
    assert codes == {None, "UnknownMessageId", "UnfitSnapshot", "UnknownSnapshot"}
    assert outcomes == {"ACCEPTED"}


def postman_requests(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The requests of a collection, named as the samples are."""
    for folder in collection["item"]:
        for item in folder["item"]:
            yield {"name": f"{folder['name']}-{item['name']}", **item["request"]}


def without_snapshot(envelope: bytes) -> bytes:
    """A submission outside any snapshot; other requests as they are."""
    root = etree.fromstring(envelope)
    for submission in root.iterfind(".//{*}MessageId/.."):
        for named in submission.findall("{*}SnapshotId"):
            submission.remove(named)
    return etree.tostring(root)


@pytest.mark.parametrize("name", ["partner-49.0", "partner-66.0", "outbound-message"])
def test_samples_of_salesforces_operations_are_valid(
    tmp_path: Path, shared: Path, name: str
) -> None:
    """The samples of any WSDL are valid: three schemas, extensions, headers, circles."""
    files = exported(tmp_path, shared / "salesforce" / "wsdl" / f"{name}.wsdl")
    counts = {"partner-49.0": 126, "partner-66.0": 204, "outbound-message": 2}
    assert assert_valid(files) == counts[name]


ELEMENTS = [
    '<xs:element name="E" type="xs:QName"/>',
    '<xs:element name="E" type="tns:Abstract"/>',
    '<xs:element ref="tns:Head"/>',
    '<xs:element name="E" type="tns:Circle" minOccurs="0"/>',
    '<xs:choice><xs:element name="E" type="tns:Circle"/><xs:element name="F"/></xs:choice>',
    '<xs:element name="E" type="tns:Wide" minOccurs="0"/>',
    '<xs:group ref="tns:Pair" minOccurs="2" maxOccurs="5"/>',
    '<xs:any namespace="##other" processContents="lax"/>',
    '<xs:element name="E" type="tns:Measure"/>',
    '<xs:element name="E" type="tns:Codes"/>',
    '<xs:element name="E" type="tns:Either"/>',
    '<xs:element name="E" type="tns:Name"/>',
    '<xs:element name="E" form="unqualified" type="xs:int" nillable="true"/>',
    '<xs:element name="E" type="xs:string" fixed="x"/>',
    '<xs:element name="E" type="tns:Fewer"/>',
]
TYPES = (
    '<xs:complexType name="Abstract" abstract="true"><xs:sequence/></xs:complexType>'
    '<xs:complexType name="Concrete"><xs:complexContent><xs:extension base="tns:Abstract">'
    '<xs:sequence><xs:element name="C" type="xs:int"/></xs:sequence>'
    '<xs:attribute name="a" type="xs:date" use="required"/></xs:extension></xs:complexContent>'
    "</xs:complexType>"
    '<xs:element name="Head" type="xs:string" abstract="true"/>'
    '<xs:element name="Instead" type="xs:string" substitutionGroup="tns:Head"/>'
    '<xs:complexType name="Circle"><xs:sequence>'
    '<xs:element name="Inner" type="tns:Circle" minOccurs="0" maxOccurs="9"/>'
    "</xs:sequence></xs:complexType>"
    '<xs:complexType name="Wide"><xs:sequence><xs:element name="Step" minOccurs="0">'
    '<xs:complexType><xs:sequence><xs:element name="Again" type="tns:Wide"/></xs:sequence>'
    "</xs:complexType></xs:element></xs:sequence></xs:complexType>"
    '<xs:group name="Pair"><xs:sequence><xs:element name="L" type="xs:int"/>'
    '<xs:element name="R" type="xs:int" minOccurs="0"/></xs:sequence></xs:group>'
    '<xs:complexType name="Measure"><xs:simpleContent><xs:extension base="tns:Amount">'
    '<xs:attribute name="unit" type="tns:Code" use="required"/></xs:extension>'
    "</xs:simpleContent></xs:complexType>"
    '<xs:simpleType name="Codes"><xs:list itemType="tns:Code"/></xs:simpleType>'
    '<xs:simpleType name="Either"><xs:union memberTypes="tns:Kind xs:int"/></xs:simpleType>'
    '<xs:simpleType name="Name" xmlns:o="urn:orders"><xs:restriction base="xs:QName">'
    '<xs:enumeration value="o:X"/></xs:restriction></xs:simpleType>'
    '<xs:complexType name="Fewer"><xs:complexContent><xs:restriction base="tns:Line">'
    '<xs:sequence><xs:element name="Item" type="tns:Code"/>'
    '<xs:element name="Amount" type="tns:Amount"/></xs:sequence></xs:restriction>'
    "</xs:complexContent></xs:complexType>"
)


@pytest.mark.parametrize("elements", ELEMENTS)
def test_samples_are_valid_whatever_the_schema(tmp_path: Path, elements: str) -> None:
    """Abstract types and elements, circles, choices, groups, lists, names: all come out valid."""
    assert assert_valid(exported(tmp_path / "out", with_types(tmp_path, TYPES, elements))) == 2


VALUES = [
    ("string", '<xs:minLength value="30"/>'),
    ("string", '<xs:length value="3"/>'),
    ("string", '<xs:pattern value="[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}"/><xs:minLength value="15"/>'),
    ("string", '<xs:pattern value="x+"/><xs:length value="7"/>'),
    ("int", '<xs:minInclusive value="5"/>'),
    ("int", '<xs:maxExclusive value="-5"/>'),
    ("decimal", '<xs:minExclusive value="1"/><xs:fractionDigits value="3"/>'),
    ("decimal", '<xs:maxInclusive value="0.01"/>'),
    *(
        (kind, "")
        for kind in (
            "boolean date dateTime time duration gYear gYearMonth gMonth gMonthDay gDay anyURI"
            " base64Binary hexBinary language float double token NMTOKEN NCName ID unsignedByte"
            " negativeInteger nonPositiveInteger positiveInteger unsignedLong"
        ).split()
    ),
]


@pytest.mark.parametrize(("base", "facets"), VALUES)
def test_sample_values_are_within_the_facets(tmp_path: Path, base: str, facets: str) -> None:
    """Each kind of simple type has a value that its facets allow."""
    restriction = f'<xs:restriction base="xs:{base}">{facets}</xs:restriction>'
    types = f'<xs:simpleType name="Value">{restriction}</xs:simpleType>'
    source = with_types(tmp_path, types, '<xs:element name="E" type="tns:Value"/>')
    assert assert_valid(exported(tmp_path / "out", source)) == 2


PATTERNS = [
    "[a-zA-Z0-9]{18}",
    "DE[0-9]{9}|AT U?[0-9]{8}",
    r"\d{4}-\d{2}(-\d{2})?",
    r"[\w.-]+@[\w-]+\.\w{2,}",
    "[^a-z]{3}",
    "[a-z-[aeiou]]{4}",
    r"\p{Lu}\p{Ll}*\s?\P{L}",
    r"(a|b)*c+d?[\[\]\\]",
    r"\i\c*",
    "-?[A-F]{2,}.",
    r"[\d-]+",
    "",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("repeats", [0, 1, 3])
def test_a_text_for_a_pattern_is_allowed_by_it(pattern: str, repeats: int) -> None:
    """What is written for an expression is valid by libxml2."""
    text = text_for_pattern(pattern, repeats=repeats)
    root = etree.fromstring(
        f'<xs:schema xmlns:xs="{XS}"><xs:element name="e"><xs:simpleType>'
        '<xs:restriction base="xs:string"><xs:pattern/></xs:restriction></xs:simpleType>'
        "</xs:element></xs:schema>"
    )
    root.find(f".//{{{XS}}}pattern").set("value", pattern)
    element = etree.Element("e")
    element.text = text
    assert etree.XMLSchema(root).validate(element), text


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "*", "[^\\s\\S]", "\\"])
def test_an_expression_that_is_none_is_told(pattern: str) -> None:
    """A broken expression ends with one line."""
    with pytest.raises(PatternNotUnderstood, match="pattern"):
        text_for_pattern(pattern)


def test_the_soapui_project_holds_all(tmp_path: Path) -> None:
    """The WSDL, the address, two requests per operation, credentials as project properties."""
    exported(tmp_path)
    project = etree.parse(tmp_path / "erp-bridge-soapui-project.xml").getroot()
    (interface,) = project.findall("con:interface", CON)
    assert interface.get("bindingName") == "{urn:erp-bridge:v1}ErpBridgeSoap11"
    assert interface.get("definition") == "erp-bridge.wsdl"
    (content,) = interface.findall("con:definitionCache/con:part/con:content", CON)
    assert etree.fromstring(content.text or "").tag.endswith("}definitions")
    operations = interface.findall("con:operation", CON)
    assert len(operations) == 12
    first = operations[0]
    assert first.get("action") == "urn:erp-bridge:v1/SubmitCustomers"
    calls = first.findall("con:call", CON)
    assert [call.get("name") for call in calls] == ["minimal", "full"]
    for call in calls:
        envelope = etree.fromstring(call.findtext("con:request", "", CON))
        assert envelope.findtext(".//{*}MessageId") == "${=UUID.randomUUID()}"
        assert call.findtext("con:credentials/con:username", "", CON) == "${#Project#consumer}"
    names = [one.text for one in project.findall("con:properties/con:property/con:name", CON)]
    assert names == ["consumer", "secret"]


def test_the_postman_collection_holds_all(tmp_path: Path) -> None:
    """A folder per operation with both envelopes, quoted actions, credentials as variables."""
    exported(tmp_path)
    told = json.loads((tmp_path / "erp-bridge.postman_collection.json").read_text())
    assert told["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert {one["key"]: one["value"] for one in told["variable"]} == {
        "address": "http://127.0.0.1:8080/soap/v1",
        "consumer": "",
        "secret": "",
    }
    assert len(told["item"]) == 12
    minimal, full = told["item"][1]["item"]
    assert (minimal["name"], full["name"]) == ("minimal", "full")
    request = full["request"]
    assert request["url"] == "{{address}}"
    assert {"key": "SOAPAction", "value": '"urn:erp-bridge:v1/SubmitInvoices"'} in request["header"]
    sample = (tmp_path / "samples" / "SubmitInvoices-full.xml").read_text()
    fresh = sample.replace(">SubmitInvoices-full<", ">{{$guid}}<")
    assert request["body"]["raw"] == fresh != sample


def test_the_postman_collection_has_the_published_form(tmp_path: Path, shared: Path) -> None:
    """What version 2.1 asks of collections, folders, requests, headers, bodies and variables."""
    for number, of in enumerate((None, shared / "salesforce" / "wsdl" / "partner-66.0.wsdl")):
        files = exported(tmp_path / str(number), of)
        (path,) = (one for one in files if one.suffix == ".json")
        told = json.loads(path.read_text())
        assert told.keys() <= {"info", "item", "event", "variable", "auth"}
        assert {"name", "schema"} <= told["info"].keys()
        assert told["info"]["schema"].startswith("https://schema.getpostman.com/json/collection/")
        assert told["auth"]["type"] == "basic"
        for one in (*told["variable"], *told["auth"]["basic"]):
            assert set(one) == {"key", "value", "type"}
        for folder in told["item"]:
            assert isinstance(folder["name"], str)
            for item in folder["item"]:
                assert {"name", "request", "response"} <= item.keys()
                assert item["response"] == []
                request = item["request"]
                assert request["method"] == "POST"
                assert isinstance(request["url"], str)
                assert isinstance(request["description"], str)
                for header in request["header"]:
                    assert set(header) == {"key", "value"}
                assert request["body"]["mode"] == "raw"
                assert isinstance(request["body"]["raw"], str)


SECOND_BINDING = (
    '<wsdl:binding name="Second" type="tns:Orders"><soap:binding '
    'transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="Submit">'
    '<soap:operation soapAction="urn:orders/Submit"/><wsdl:input><soap:body use="literal"/>'
    "</wsdl:input></wsdl:operation></wsdl:binding><wsdl:service"
)


def test_operations_of_one_name_have_samples_each(tmp_path: Path) -> None:
    """Two bindings with the same operation are told apart by the bindings' names."""
    (tmp_path / "a.wsdl").write_text(changed(("<wsdl:service", SECOND_BINDING)))
    files = exported(tmp_path / "out", tmp_path / "a.wsdl")
    names = {path.name for path in files if path.parent.name == "samples"}
    assert names == {
        f"{binding}-Submit-{kind}.xml"
        for binding in ("OrdersSoap11", "Second")
        for kind in ("minimal", "full")
    }
    told = json.loads((tmp_path / "out" / "a.postman_collection.json").read_text())
    assert [one["name"] for one in told["item"]] == ["OrdersSoap11-Submit", "Second-Submit"]


def test_overloaded_operations_have_samples_each(tmp_path: Path) -> None:
    """Of two operations of one name, each sample holds its own request."""
    operation = '<wsdl:operation name="Submit"><wsdl:input message="tns:{}"/></wsdl:operation>'
    bound = '<wsdl:operation name="Submit"><wsdl:input><soap:body use="literal"/></wsdl:input>'
    text = changed(
        ("</wsdl:portType>", operation.format("TroubleException") + "</wsdl:portType>"),
        ("</wsdl:binding>", bound + "</wsdl:operation></wsdl:binding>"),
    )
    (tmp_path / "a.wsdl").write_text(text)
    exported(tmp_path / "out", tmp_path / "a.wsdl")
    samples = tmp_path / "out" / "samples"
    bodies = {path.name: etree.parse(path).getroot()[0][0].tag for path in samples.iterdir()}
    assert bodies["Submit-minimal.xml"] == "{urn:orders}Submit"
    assert bodies["Submit__2-minimal.xml"] == "{urn:orders}Trouble"


def test_an_encoded_array_counts_its_items(tmp_path: Path) -> None:
    """In rpc style with SOAP's encoding, an array says how many items of which type it holds."""
    array = (
        '<xs:complexType name="Codes"><xs:complexContent><xs:restriction base="enc:Array" '
        'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"><xs:attribute ref="enc:arrayType" '
        'wsdl:arrayType="xs:int[]"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
    text = changed(
        ('style="document"', 'style="rpc"'),
        ('name="parameters" element="tns:Submit"', 'name="codes" type="tns:Codes"'),
        ('<soap:body use="literal"/>', '<soap:body use="encoded" namespace="urn:orders"/>'),
        ("</xs:schema>", f"{array}</xs:schema>"),
    )
    (tmp_path / "a.wsdl").write_text(text)
    exported(tmp_path / "out", tmp_path / "a.wsdl")
    samples = tmp_path / "out" / "samples"
    for name, count in (("Submit-minimal.xml", 0), ("Submit-full.xml", 1)):
        (call,) = etree.parse(samples / name).getroot()[0]
        (codes,) = call
        encoding = "http://schemas.xmlsoap.org/soap/encoding/"
        assert call.get("{http://schemas.xmlsoap.org/soap/envelope/}encodingStyle") == encoding
        assert codes.get(f"{{{encoding}}}arrayType") == f"xs:int[{count}]"
        assert codes.nsmap["xs"] == XS
        assert [item.text for item in codes] == ["1"] * count


def test_names_of_others_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """An operation's name is no path, and a CDATA section stays closed."""
    name = "../../evil"
    path = tmp_path / "a.wsdl"
    path.write_text(
        GOOD.replace('operation name="Submit"', f'operation name="{name}"').replace(
            "Takes an order.", "]]&gt;&lt;evil/>"
        )
    )
    files = exported(tmp_path / "out", path)
    assert {one.name for one in files if one.parent.name == "samples"} == {
        "______evil-minimal.xml",
        "______evil-full.xml",
    }
    project = etree.parse(tmp_path / "out" / "a-soapui-project.xml").getroot()
    assert not project.findall(".//evil")


def test_a_wsdl_in_rpc_style_has_samples_too(tmp_path: Path) -> None:
    """In rpc style the body holds an element named after the operation, its parts inside."""
    text = changed(
        ('style="document"', 'style="rpc"'),
        (
            '<wsdl:part name="parameters" element="tns:Submit"/>',
            '<wsdl:part name="order" type="tns:Order"/>'
            '<wsdl:part name="urgent" type="xs:boolean"/>',
        ),
        ('<soap:body use="literal"/>', '<soap:body use="literal" namespace="urn:orders"/>'),
    )
    (tmp_path / "a.wsdl").write_text(text)
    exported(tmp_path / "out", tmp_path / "a.wsdl")
    sample = etree.parse(tmp_path / "out" / "samples" / "Submit-minimal.xml").getroot()
    (call,) = sample[0]
    assert call.tag == "{urn:orders}Submit"
    assert [part.tag for part in call] == ["order", "urgent"]
    assert call.findtext("urgent") == "true"


@pytest.mark.parametrize(
    "elements",
    [
        '<xs:element name="E" minOccurs="99999999999"/>',
        '<xs:sequence minOccurs="99999"><xs:sequence minOccurs="99999"/></xs:sequence>',
    ],
)
def test_samples_without_end_are_refused(tmp_path: Path, elements: str) -> None:
    """A type that asks for millions of elements ends with one line, at once."""
    source = with_types(tmp_path, "", elements)
    done = CliRunner().invoke(wsdl_group, ["export", str(tmp_path / "out"), "--of", str(source)])
    assert done.exit_code == 2
    assert "too large for a sample" in done.output


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where a file stands in the way, exit code 2 and one line."""
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(wsdl_group, ["export", str(tmp_path / "file" / "below")])
    assert done.exit_code == 2
    assert "cannot be written" in done.output
