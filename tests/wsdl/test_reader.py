"""A description holds all that its documents declare."""

from pathlib import Path

import pytest

from bridge.wsdl.model import (
    XSD,
    Attribute,
    ComplexType,
    Compositor,
    Derivation,
    Element,
    Group,
    GroupReference,
    SimpleType,
    Variety,
    Wildcard,
)
from bridge.wsdl.reader import read_description
from bridge.wsdl.source import UnusableDescription
from tests.wsdl.documents import changed, description

STRING, INT = f"{{{XSD}}}string", f"{{{XSD}}}int"
ROOT = Path(__file__).parents[2]


def with_schema(text: str, attributes: str = "") -> str:
    """The good description with more declarations in its schema."""
    return changed(
        ("</xs:schema>", f"{text}</xs:schema>"),
        ('elementFormDefault="qualified"', attributes or 'elementFormDefault="qualified"'),
    )


def test_services_bindings_and_operations_are_read() -> None:
    """Ports, addresses, actions, messages and faults are there by name."""
    found = description(changed())
    (service,) = found.services.values()
    assert service.ports["OrdersSoap11"].address == "https://erp.example.com/orders"
    binding = found.bindings[service.ports["OrdersSoap11"].binding]
    assert (binding.soap, binding.port_type) == ("1.1", "{urn:orders}Orders")
    assert binding.operations["Submit"].action == "urn:orders/Submit"
    operation = found.port_types["{urn:orders}Orders"].operations["Submit"]
    assert operation.faults == {"Trouble": "{urn:orders}TroubleException"}
    assert operation.documentation == "Takes an order."
    assert found.messages[operation.input or ""][0].element == "{urn:orders}Submit"


def test_headers_and_their_faults_are_read() -> None:
    """soap:header names a message and a part; soap:headerfault stands inside it."""
    header = (
        '<soap:header message="tns:Submit" part="parameters" use="literal">'
        '<soap:headerfault message="tns:TroubleException" part="fault" use="literal"/>'
        "</soap:header>"
    )
    found = description(
        changed(('<soap:body use="literal"/>', f'<soap:body use="literal"/>{header}'))
    )
    bound = found.bindings["{urn:orders}OrdersSoap11"].operations["Submit"].input
    assert bound is not None
    assert [one.message for one in bound.headers] == ["{urn:orders}Submit"]
    assert [one.part for one in bound.header_faults] == ["fault"]


def test_overloaded_operations_are_kept_apart() -> None:
    """A second operation of the same name has its number."""
    text = changed(
        ("</wsdl:portType>", '<wsdl:operation name="Submit"/></wsdl:portType>'),
    )
    operations = description(text).port_types["{urn:orders}Orders"].operations
    assert list(operations) == ["Submit", "Submit (2)"]


def test_complex_types_are_read() -> None:
    """Sequences, choices, wildcards, attributes, bases and anonymous types stand in the model."""
    text = with_schema(
        '<xs:complexType name="T" abstract="true" mixed="true"><xs:complexContent>'
        '<xs:extension base="tns:Order"><xs:choice maxOccurs="unbounded">'
        '<xs:element name="A" nillable="true" default="x"><xs:simpleType>'
        '<xs:restriction base="xs:string"><xs:length value="2"/></xs:restriction>'
        '</xs:simpleType></xs:element><xs:element ref="tns:Trouble" minOccurs="0"/>'
        '<xs:any namespace="##other" processContents="lax"/><xs:group ref="tns:G"/>'
        '</xs:choice><xs:attribute name="n" type="xs:int" use="required"/>'
        "</xs:extension></xs:complexContent></xs:complexType>"
        '<xs:group name="G"><xs:all><xs:element name="B" type="xs:int"/></xs:all></xs:group>'
    )
    schema = description(text).schema
    found = schema.types["{urn:orders}T"]
    assert found == ComplexType(
        "{urn:orders}T",
        Group(
            Compositor.CHOICE,
            (
                Element(
                    "{urn:orders}A",
                    SimpleType(None, (STRING,), facets=(("length", "2"),)),
                    nillable=True,
                    default="x",
                ),
                Element("{urn:orders}Trouble", None, least=0),
                Wildcard("##other", "lax"),
                GroupReference("{urn:orders}G"),
            ),
            most=None,
        ),
        (Attribute("n", INT, required=True),),
        base="{urn:orders}Order",
        derivation=Derivation.EXTENSION,
        abstract=True,
        mixed=True,
    )
    assert schema.groups["{urn:orders}G"].compositor is Compositor.ALL


def test_simple_types_are_read() -> None:
    """Lists, unions and simple content know what they are made of."""
    schema = description(
        with_schema(
            '<xs:simpleType name="L"><xs:list itemType="tns:Code"/></xs:simpleType>'
            '<xs:simpleType name="U"><xs:union memberTypes="xs:int tns:Code"/></xs:simpleType>'
            '<xs:complexType name="S"><xs:simpleContent><xs:extension base="xs:string">'
            '<xs:attribute name="unit" type="xs:string"/></xs:extension></xs:simpleContent>'
            "</xs:complexType>"
        )
    ).schema
    assert schema.types["{urn:orders}L"] == SimpleType(
        "{urn:orders}L", ("{urn:orders}Code",), Variety.LIST
    )
    assert schema.types["{urn:orders}U"] == SimpleType(
        "{urn:orders}U", (INT, "{urn:orders}Code"), Variety.UNION
    )
    simple = schema.types["{urn:orders}S"]
    assert isinstance(simple, ComplexType)
    assert (simple.value, simple.base) == (STRING, None)


def test_unqualified_elements_have_no_namespace() -> None:
    """Without elementFormDefault, a local element is unqualified, a global one never."""
    schema = description(with_schema("", 'version="1"')).schema
    line = schema.types["{urn:orders}Line"]
    assert isinstance(line, ComplexType)
    assert isinstance(line.content, Group)
    assert [one.name for one in line.content.particles if isinstance(one, Element)] == [
        "Item",
        "Amount",
    ]
    assert "{urn:orders}Submit" in schema.elements


def test_attribute_groups_are_worked_in() -> None:
    """A type has the attributes of its groups, though groups use each other in a circle."""
    schema = description(
        with_schema(
            '<xs:attributeGroup name="G"><xs:attribute name="a" type="xs:int"/>'
            '<xs:attributeGroup ref="tns:G"/><xs:attribute ref="tns:b" use="required"/>'
            '</xs:attributeGroup><xs:attribute name="b" type="xs:string" default="x"/>'
            '<xs:complexType name="T"><xs:attributeGroup ref="tns:G"/></xs:complexType>'
        )
    ).schema
    found = schema.types["{urn:orders}T"]
    assert isinstance(found, ComplexType)
    assert found.attributes == (
        Attribute("a", INT),
        Attribute("{urn:orders}b", STRING, required=True, default="x"),
    )


def test_names_of_values_are_resolved() -> None:
    """An enumeration of QNames holds names, whatever their prefix."""
    text = (
        '<xs:simpleType name="C" xmlns:o="urn:o"><xs:restriction base="xs:QName">'
        '<xs:enumeration value="o:X"/></xs:restriction></xs:simpleType>'
    )
    found = description(with_schema(text)).schema.types["{urn:orders}C"]
    assert isinstance(found, SimpleType)
    assert found.facets == (("enumeration", "{urn:o}X"),)


def test_counts_that_are_none_are_told() -> None:
    """minOccurs must be a number."""
    with pytest.raises(UnusableDescription, match="minOccurs is no number: many"):
        description(changed(('minOccurs="0"', 'minOccurs="many"')))


def test_our_own_description_is_read() -> None:
    """The published file holds ten operations, each with a typed fault."""
    found = read_description(str(ROOT / "wsdl" / "bridge" / "v1" / "erp-bridge.wsdl"))
    (port_type,) = found.port_types.values()
    assert "SubmitInvoices" in port_type.operations
    assert all(one.faults for one in port_type.operations.values())
    assert found.not_followed == ()


def test_salesforces_descriptions_are_read(shared: Path) -> None:
    """The partner WSDLs and an outbound message's are read whole."""
    folder = shared / "salesforce" / "wsdl"
    counts = {}
    for name in ("partner-49.0", "partner-66.0", "outbound-message"):
        found = read_description(str(folder / f"{name}.wsdl"))
        (port_type,) = found.port_types.values()
        counts[name] = (len(port_type.operations), len(found.schema.types))
    assert counts == {
        "partner-49.0": (63, 224),
        "partner-66.0": (102, 360),
        "outbound-message": (1, 5),
    }
