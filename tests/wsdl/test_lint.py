"""Every rule of lint, each with a description that breaks it and the good one that does not."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.wsdl import published
from bridge.wsdl.command import wsdl_group
from bridge.wsdl.documents import load_documents
from bridge.wsdl.lint.catalogue import UNCHECKED
from bridge.wsdl.lint.linting import CHECKS, lint
from bridge.wsdl.model import SOAP12
from tests.wsdl.documents import GOOD, changed, read

ROOT = Path(__file__).parents[2]
SCHEMA = '<xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">'
TYPES = "<wsdl:types>"
ITEM = '<xs:element name="Item" type="tns:Code"/>'
OPERATION = '<wsdl:operation name="Submit">'
INPUT = '<wsdl:input>\n        <soap:body use="literal"/>'
BODY = '<soap:body use="literal"/>'
ORDER_PART = '<wsdl:part name="parameters" element="tns:Submit"/>'
DOC = "<wsdl:documentation>Takes an order.</wsdl:documentation>"
REVISION = '<xs:attribute name="revision" type="xs:int"/>'
SOAP_BINDING = '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
EMPTY_OPERATION = (
    '<wsdl:operation name="{}"><wsdl:input message="tns:Submit"/></wsdl:operation></wsdl:portType>'
)
BOUND_OPERATION = (
    '<wsdl:operation name="{0}"><soap:operation soapAction="urn:orders/{0}"{1}/><wsdl:input>'
    '<soap:body use="literal"/></wsdl:input></wsdl:operation></wsdl:binding>'
)
HEADER = '<soap:header message="tns:{}" part="{}" use="literal"{}/>'
RPC = (
    ('style="document"', 'style="rpc"'),
    (ORDER_PART, '<wsdl:part name="parameters" type="tns:Order"/>'),
    (INPUT, INPUT.replace("/>", ' namespace="urn:orders"/>')),
    (
        '<wsdl:part name="parameters" element="tns:SubmitResponse"/>',
        '<wsdl:part name="receipt" type="tns:Receipt"/>',
    ),
    (
        '<wsdl:output>\n        <soap:body use="literal"/>',
        '<wsdl:output>\n        <soap:body use="literal" namespace="urn:orders"/>',
    ),
)
GOOD_RPC = changed(*RPC)
ABSTRACT = GOOD[: GOOD.index("  <wsdl:binding")] + "</wsdl:definitions>"
BINDING = GOOD[GOOD.index("  <wsdl:binding") : GOOD.index("  <wsdl:service")]
PORT = GOOD[GOOD.index("    <wsdl:port ") : GOOD.index("  </wsdl:service>")]
IN_SOAP12 = (("<soap:", "<soap12:"), ("Soap11", "Soap12"))
GOOD_IN_BOTH = changed(
    ("  <wsdl:service", BINDING.replace(*IN_SOAP12[0]).replace(*IN_SOAP12[1]) + "  <wsdl:service"),
    ("  </wsdl:service>", PORT.replace(*IN_SOAP12[0]).replace(*IN_SOAP12[1]) + "  </wsdl:service>"),
    text=changed((" xmlns:tns", f' xmlns:soap12="{SOAP12}" xmlns:tns')),
)
WRAPPED = '<xs:complexType name="{}"><xs:sequence>{}</xs:sequence></xs:complexType></xs:schema>'
ENCODED_ARRAY = (
    '<xs:complexType name="Codes"><xs:complexContent><xs:restriction base="enc:Array" '
    'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"/></xs:complexContent></xs:complexType>'
)

BAD = [
    ("R2003", changed((TYPES, TYPES + '<xs:import namespace="urn:x"/>'))),
    ("R2007", changed((TYPES, '<wsdl:import namespace="urn:x" location=" "/>' + TYPES))),
    (
        "R2022",
        changed(("<wsdl:portType", '<wsdl:import namespace="urn:x" location=""/><wsdl:portType')),
    ),
    ("R2023", changed((TYPES, '<wsdl:message name="Early"/>' + TYPES))),
    ("R2028", changed((TYPES, "<wsdl:tpyes/>" + TYPES))),
    ("R2028", changed((OPERATION, OPERATION.replace(">", ' mode="fast">')))),
    ("R2028", changed((' name="Submit">\n    <wsdl:part', ">\n    <wsdl:part"))),
    ("R2028", changed(("<wsdl:portType", '<wsdl:message name="Submit"/><wsdl:portType'))),
    ("R2028", changed((' element="tns:Submit"/>', "/>"))),
    ("R2028", changed(('portType name="Orders"', 'portType name="My Orders"'))),
    ("R2028", changed((OPERATION, OPERATION + '<wsdl:fault name="F" message="tns:Submit"/>'))),
    (
        "R2028",
        changed((ORDER_PART, ORDER_PART.replace("/>", '><x:p xmlns:x="urn:x"/></wsdl:part>'))),
    ),
    ("R2028", changed((DOC, DOC + DOC))),
    ("R2028", changed((OPERATION, '<x:policy xmlns:x="urn:x"/>' + OPERATION))),
    ("R2028", changed((SOAP_BINDING, ""), ("</wsdl:binding>", SOAP_BINDING + "</wsdl:binding>"))),
    ("R2029", changed(('style="document"', 'style="documents"'))),
    ("R2029", changed((BODY, '<soap:body use="literal" required="true"/>'))),
    ("R2029", changed((BODY, '<soap:body use="literal" part="x"/>'))),
    ("R2029", changed((BODY, "<soap:boby/>"))),
    ("R2029", changed(('<soap:fault name="Trouble"', "<soap:fault"))),
    ("R2029", changed(('<soap:address location="https://erp.example.com/orders"/>', BODY))),
    ("R2101", changed(('message="tns:SubmitResponse"', 'message="tns:Missing"'))),
    ("R2101", changed(('type="tns:Orders"', 'type="xs:Orders"'))),
    ("R2101", changed((BODY, BODY + HEADER.format("Missing", "p", "")))),
    ("R2102", changed((ITEM, ITEM.replace("tns:Code", "tns:Missing")))),
    ("R2102", changed((ITEM, ITEM.replace("tns:Code", "xs:strnig")))),
    ("R2102", changed((ITEM, '<xs:element ref="o:Item" xmlns:o="urn:other"/>'))),
    ("R2102", changed((ORDER_PART, '<wsdl:part name="parameters" type="tns:Missing"/>'))),
    ("R2102", changed((REVISION, '<xs:attribute ref="xml:lang"/>'))),
    ("R2105", changed((SCHEMA, '<xs:schema><xs:element name="E"/></xs:schema>' + SCHEMA))),
    ("R2110", changed(("</xs:schema>", ENCODED_ARRAY + "</xs:schema>"))),
    ("R2111", changed((ITEM, ITEM.replace("/>", ' wsdl:arrayType="tns:Code[]"/>')))),
    (
        "R2112",
        changed(('name="Line">', 'name="ArrayOfLine">'), ('"tns:Line"', '"tns:ArrayOfLine"')),
    ),
    ("R2201", changed((BODY, '<soap:body use="literal" parts="parameters more"/>'))),
    ("R2210", changed((ORDER_PART, ORDER_PART + '<wsdl:part name="o" element="tns:Trouble"/>'))),
    (
        "R2203",
        changed(
            ('type="tns:Order"/>\n  </wsdl', 'element="tns:Submit"/>\n  </wsdl'), text=GOOD_RPC
        ),
    ),
    ("R2204", changed((ORDER_PART, '<wsdl:part name="parameters" type="tns:Order"/>'))),
    ("R2205", changed(('name="fault" element="tns:Trouble"', 'name="fault" type="tns:Trouble"'))),
    (
        "R2205",
        changed(
            (
                "<wsdl:portType",
                '<wsdl:message name="H"><wsdl:part name="h" type="xs:int"/></wsdl:message>'
                "<wsdl:portType",
            ),
            (BODY, BODY + HEADER.format("H", "h", "")),
        ),
    ),
    ("R2206", changed((ORDER_PART, ORDER_PART.replace("tns:Submit", "tns:Order")))),
    ("R2206", changed((ORDER_PART, ORDER_PART.replace("tns:Submit", "xs:Submit")))),
    (
        "R2303",
        changed(
            ('<wsdl:input message="tns:Submit"/>\n', ""),
            ("<wsdl:fault ", '<wsdl:input message="tns:Submit"/><wsdl:fault '),
        ),
    ),
    ("R2303", changed(('<wsdl:input message="tns:Submit"/>', ""))),
    ("R2304", changed(("</wsdl:portType>", EMPTY_OPERATION.format("Submit")))),
    (
        "R2401",
        changed((SOAP_BINDING, "")),
    ),
    ("R2701", changed((' transport="http://schemas.xmlsoap.org/soap/http"', ""))),
    (
        "R2702",
        changed(
            ('"http://schemas.xmlsoap.org/soap/http"', '"http://schemas.xmlsoap.org/soap/smtp"')
        ),
    ),
    (
        "R2705",
        changed(
            ("</wsdl:portType>", EMPTY_OPERATION.format("Cancel")),
            ("</wsdl:binding>", BOUND_OPERATION.format("Cancel", ' style="rpc"')),
        ),
    ),
    ("R2706", changed((BODY, BODY.replace("literal", "encoded")))),
    (
        "R2706",
        changed(
            (
                '<soap:fault name="Trouble" use="literal"/>',
                '<soap:fault name="Trouble" use="encoded"/>',
            )
        ),
    ),
    (
        "R2710",
        changed(
            ("</wsdl:portType>", EMPTY_OPERATION.format("Cancel")),
            ("</wsdl:binding>", BOUND_OPERATION.format("Cancel", "")),
        ),
    ),
    (
        "R2711",
        changed(
            (
                "</wsdl:service>",
                '<wsdl:port name="Second" binding="tns:OrdersSoap11">'
                '<soap:address location="https://erp.example.com/orders"/></wsdl:port></wsdl:service>',
            )
        ),
    ),
    ("R2716", changed((BODY, BODY.replace("/>", ' namespace="urn:orders"/>')))),
    ("R2717", changed(('<soap:body use="literal" namespace="urn:orders"/>', BODY), text=GOOD_RPC)),
    (
        "R2717",
        changed(
            ('"literal" namespace="urn:orders"', '"literal" namespace="orders"'), text=GOOD_RPC
        ),
    ),
    ("R2718", changed(("</wsdl:portType>", EMPTY_OPERATION.format("Cancel")))),
    ("R2718", changed(("</wsdl:binding>", BOUND_OPERATION.format("Cancel", "")))),
    (
        "R1014",
        changed(
            (SCHEMA, '<xs:schema><xs:element name="Bare" type="xs:int"/></xs:schema>' + SCHEMA),
            (ORDER_PART, '<wsdl:part name="parameters" element="Bare"/>'),
        ),
    ),
    ("R1109", changed(("urn:orders/Submit", "urn:orders/&quot;Submit&quot;"))),
    ("R1109", changed(("urn:orders/Submit", "urn:orders/Größe"))),
    ("R4003", changed(('encoding="UTF-8"', 'encoding="ISO-8859-1"'))),
    ("T1", changed(('name="parameters"', 'name="SubmitRequest"'))),
    ("T2", GOOD.replace("SubmitResponse", "SubmitResult")),
    ("T3", changed(("urn:orders/Submit", "Submit"))),
    ("T3", changed(("urn:orders/Submit", ""))),
    ("T4", changed(("<wsdl:portType", '<wsdl:service name="Early"/><wsdl:portType'))),
    ("T4", changed((OPERATION, OPERATION.replace(">", ' parameterOrder="parameters">')))),
    ("T4", changed(('name="Orders">', 'name="Orders" xmlns:idle="urn:idle">'))),
    ("T5", changed((ITEM, ITEM.replace("/>", ' minOccurs="0" nillable="true"/>')))),
    ("T6", changed((ITEM, ITEM.replace("tns:Code", "xs:integer")))),
    ("T6", changed((ITEM, ITEM.replace("tns:Code", "xs:decimal")))),
    ("T6", changed(('<xs:totalDigits value="18"/>', ""))),
    ("T7", changed(('<wsdl:fault name="Trouble" message="tns:TroubleException"/>', ""))),
    (
        "T7",
        changed(
            ('<xs:element name="Code" type="xs:string"/>', ""),
            ("<xs:sequence>\n          \n        </xs:sequence>", ""),
        ),
    ),
    ("T8", changed((ITEM, ITEM + '<xs:any minOccurs="0"/>'))),
    ("T8", changed((ITEM, f"<xs:choice>{ITEM}</xs:choice>"))),
    ("T8", changed((ITEM, ITEM.replace("tns:Code", "xs:anyType")))),
    ("T8", changed((ITEM, ITEM + '<xs:element name="Inner" type="tns:Line" minOccurs="0"/>'))),
    (
        "T8",
        changed(("</xs:schema>", WRAPPED.format("Items", ITEM.replace("/>", ' maxOccurs="9"/>')))),
    ),
    ("T9", changed(("https://erp.example.com/orders", "/orders"))),
    ("T9", changed(("https://erp.example.com/orders", "https://me:secret@erp.example.com/orders"))),
]


def broken(text: str) -> set[str]:
    """The names of the rules that a text breaks."""
    return {one.rule.name for one in lint(read(text))}


@pytest.mark.parametrize("text", [GOOD, GOOD_RPC, GOOD_IN_BOTH])
def test_a_good_description_has_no_findings(text: str) -> None:
    """What keeps every rule is not found fault with, in rpc style, in SOAP 1.2 beside 1.1 too."""
    assert lint(read(text)) == ()


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_description_is_told(name: str, text: str) -> None:
    """What breaks a rule is found under the rule's name, with a line, an element and advice."""
    found = [one for one in lint(read(text)) if one.rule.name == name]
    assert found, broken(text)
    for one in found:
        assert one.line > 0
        assert one.element
        assert one.detail
        assert one.rule.advice


MORE = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:more"/>'
OTHER = (
    '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:more"/>'
)
WSDL_IMPORT = '<wsdl:import namespace="urn:more" location="more.xml"/>'
XSD_IMPORT = '<xs:import namespace="urn:more" schemaLocation="more.xml"/>'
IMPORTS = [
    (set(), (TYPES, WSDL_IMPORT + TYPES), OTHER),
    (set(), (SCHEMA, SCHEMA + XSD_IMPORT), MORE),
    ({"R2001"}, (TYPES, WSDL_IMPORT + TYPES), "<html/>"),
    ({"R2002"}, (TYPES, WSDL_IMPORT + TYPES), MORE),
    ({"R2010"}, (SCHEMA, SCHEMA + XSD_IMPORT), '<?xml version="1.0" encoding="latin1"?>' + MORE),
    ({"R2004"}, (SCHEMA, SCHEMA + XSD_IMPORT), OTHER),
    ({"R2004"}, (SCHEMA, SCHEMA + XSD_IMPORT), "<html/>"),
    ({"R2005"}, (TYPES, WSDL_IMPORT.replace("urn:more", "urn:less") + TYPES), OTHER),
]


@pytest.mark.parametrize(("names", "change", "imported"), IMPORTS)
def test_imports_are_checked(
    tmp_path: Path, names: set[str], change: tuple[str, str], imported: str
) -> None:
    """An import is held against what it leads to; a right one is not found fault with."""
    (tmp_path / "a.wsdl").write_text(changed(change))
    (tmp_path / "more.xml").write_text(imported)
    found = lint(load_documents(str(tmp_path / "a.wsdl")))
    assert {one.rule.name for one in found} == names


def test_what_may_stand_elsewhere_is_no_finding() -> None:
    """Extensions where WSDL 1.1 lets them stand, documentation first, attributes of others."""
    policy = '<x:policy xmlns:x="urn:x"/>'
    good = changed(
        ("<wsdl:types>", f"{policy}<wsdl:types>{policy}"),
        ("</wsdl:documentation>", f"</wsdl:documentation>{policy}"),
        ("<wsdl:port ", f"{policy}<wsdl:port "),
        (OPERATION, OPERATION.replace(">", ' x:y="z" xmlns:x="urn:x">')),
    )
    assert broken(good) == set()


def test_an_import_of_an_import_is_no_import(tmp_path: Path) -> None:
    """A component of a namespace that only the imported description imports is not known here."""
    nodes = [
        f'<wsdl:import namespace="urn:{one}" location="{one}.wsdl"/>' for one in ("more", "orders")
    ]
    empty = OTHER.replace("/>", f">{nodes[1]}</wsdl:definitions>")
    (tmp_path / "orders.wsdl").write_text(
        GOOD[: GOOD.index("  <wsdl:binding")] + "</wsdl:definitions>"
    )
    (tmp_path / "more.wsdl").write_text(empty)
    rest = changed((GOOD[GOOD.index("  <wsdl:types") : GOOD.index("  <wsdl:binding")], "{}"))
    rest = rest.replace('targetNamespace="urn:orders"', 'targetNamespace="urn:b" xmlns:b="urn:b"')
    rest = rest.replace('binding="tns:', 'binding="b:')
    for number, count in ((1, 1), (2, 0)):
        (tmp_path / "a.wsdl").write_text(rest.replace("{}", "".join(nodes[:number])))
        found = lint(load_documents(str(tmp_path / "a.wsdl")))
        assert [one.rule.name for one in found if one.rule.name.startswith("R")] == [
            "R2101"
        ] * count


def test_every_rule_has_a_bad_description() -> None:
    """No rule is without a test that it finds something."""
    tested = {name for name, _ in BAD} | {name for names, _, _ in IMPORTS for name in names}
    assert {one.rule.name for one in CHECKS} == tested


def test_findings_in_an_imported_document_name_it(tmp_path: Path) -> None:
    """A finding says in which document it stands."""
    bad = MORE.replace("/>", '><xs:element name="N" type="xs:integer"/></xs:schema>')
    (tmp_path / "a.wsdl").write_text(changed((SCHEMA, SCHEMA + XSD_IMPORT)))
    (tmp_path / "more.xml").write_text(bad)
    (found,) = lint(load_documents(str(tmp_path / "a.wsdl")))
    assert (found.rule.name, Path(found.document).name) == ("T6", "more.xml")
    assert found.element == "element N"


def test_circles_of_types_are_found_through_others() -> None:
    """Types that hold each other, through elements by reference too, are told; others are not."""
    element = '<xs:element name="E"><xs:complexType><xs:sequence>{}</xs:sequence></xs:complexType>'
    text = changed(
        (ITEM, ITEM + '<xs:element ref="tns:E" minOccurs="0"/>'),
        (
            "</xs:schema>",
            element.format('<xs:element name="Back" type="tns:Line" minOccurs="0"/>')
            + "</xs:element></xs:schema>",
        ),
    )
    assert [one.element for one in lint(read(text))] == ["complexType Line"]


@pytest.mark.parametrize("name", ["erp-bridge", "erp-bridge-soap12"])
def test_our_own_descriptions_have_no_findings(name: str) -> None:
    """What the bridge publishes keeps every rule: for SOAP 1.1, and for SOAP 1.2."""
    path = ROOT / "wsdl" / "bridge" / "v1" / f"{name}.wsdl"
    done = CliRunner().invoke(wsdl_group, ["lint", str(path)])
    assert (done.exit_code, done.output) == (0, "no findings\n")


def test_an_empty_source_is_not_taken_for_our_own() -> None:
    """A script whose variable is empty must not hear that all is well."""
    done = CliRunner().invoke(wsdl_group, ["lint", ""])
    assert (done.exit_code, "no findings" in done.output) == (2, False)


def test_without_a_source_our_own_are_linted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`wsdl lint` alone is about what the code publishes, of both versions of SOAP."""
    assert CliRunner().invoke(wsdl_group, ["lint"]).output == "no findings\n"
    bad = changed((ITEM, ITEM.replace("tns:Code", "xs:integer"))).encode()
    monkeypatch.setattr(published, "own_wsdl", lambda soap_number: (bad, soap_number))
    done = CliRunner().invoke(wsdl_group, ["lint", "--json"])
    assert done.exit_code == 1
    assert [one["document"] for one in json.loads(done.output)] == ["1.1", "1.2"]


def test_salesforces_descriptions_have_findings(shared: Path) -> None:
    """The partner WSDL and an outbound message's are linted whole, and their flaws are known."""
    folder = shared / "salesforce" / "wsdl"
    done = CliRunner().invoke(wsdl_group, ["lint", str(folder / "partner-66.0.wsdl"), "--json"])
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert {one["rule"] for one in found} == {"T3", "T5", "T7", "T8"}
    assert len([one for one in found if one["rule"] == "T3"]) == 102
    done = CliRunner().invoke(wsdl_group, ["lint", str(folder / "outbound-message.wsdl")])
    assert done.exit_code == 1
    assert 'part request: is named "request"' in done.output


def test_the_rules_are_listed_with_what_cannot_be_checked() -> None:
    """Each rule that was asked for is there: checked, or with the reason why it cannot be."""
    done = CliRunner().invoke(wsdl_group, ["lint", "--rules"])
    assert done.exit_code == 0
    told = {line.split()[0] for line in done.output.splitlines() if line.startswith("  ")}
    asked = (
        "1000-1014 1109 1126 2001-2007 2022-2023 2028-2029 2101-2102 2105 2110-2112 2201 2203-2206"
        " 2210 2303-2304 2401 2701-2706 2710-2718"
    )
    for one in asked.split():
        first, _, last = one.partition("-")
        assert told >= {f"R{number}" for number in range(int(first), int(last or first) + 1)}
    assert {one.name for one in UNCHECKED}.isdisjoint(one.rule.name for one in CHECKS)


def test_lines_beyond_what_is_counted_are_told_as_such(tmp_path: Path) -> None:
    """Behind line 65,535 a place is told as being behind it."""
    bad = changed((ITEM, ITEM.replace("tns:Code", "xs:integer")))
    text = re.sub(r">\s+<", "><", bad).replace("<wsdl:types>", "<wsdl:types>" + "\n" * 66_000)
    (tmp_path / "a.wsdl").write_text(text)
    done = CliRunner().invoke(wsdl_group, ["lint", str(tmp_path / "a.wsdl")])
    assert "  a.wsdl:65535+ complexType Line / element Item" in done.output


def test_findings_are_grouped_by_rule(tmp_path: Path) -> None:
    """A rule, what to do, and the places; a long list is cut unless it is asked for."""
    lines = "".join(f'<xs:element name="N{n}" type="xs:integer"/>' for n in range(10))
    (tmp_path / "a.wsdl").write_text(changed((ITEM, ITEM + lines)))
    done = CliRunner().invoke(wsdl_group, ["lint", str(tmp_path / "a.wsdl")])
    assert done.exit_code == 1
    told = done.output.splitlines()
    assert told[0].startswith("T6 numbers have a size")
    assert told[0].endswith("(10)")
    assert told[1].startswith("  do: use xs:int")
    assert told[2] == "  a.wsdl:35 complexType Line / element N0: is an unbounded integer"
    assert told[-3] == "  … and 2 more (--all shows them)"
    assert told[-1] == "10 findings of 1 rule"
    assert (
        "N9" in CliRunner().invoke(wsdl_group, ["lint", str(tmp_path / "a.wsdl"), "--all"]).output
    )
