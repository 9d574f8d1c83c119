"""The published WSDL, rule by rule: what toolchains of Java, .NET, C++, PHP and SAP need."""

import pytest
from lxml import etree
from lxml.etree import _Element

from bridge.soap.services import BridgeService
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_12
from bridge.soap.wsdl import service_address, write_wsdl

NAMES = {
    "w": "http://schemas.xmlsoap.org/wsdl/",
    "s": "http://schemas.xmlsoap.org/wsdl/soap/",
    "t": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "x": "http://www.w3.org/2001/XMLSchema",
}
OPERATIONS = {
    "SubmitCustomers",
    "SubmitInvoices",
    "SubmitPayments",
    "SubmitCreditMemos",
    "BeginSnapshot",
    "CloseSnapshot",
    "GetReceipt",
    "GetCustomer",
    "GetInvoice",
    "FetchChanges",
    "AcknowledgeChanges",
    "Ping",
}


@pytest.fixture(scope="module")
def wsdl() -> _Element:
    """The document at its default address."""
    return etree.fromstring(write_wsdl(service_address(SoapSettings())))


def found(node: _Element, path: str) -> list[_Element]:
    """Elements by XPath, with the prefixes of NAMES."""
    result = node.xpath(path, namespaces=NAMES)
    assert isinstance(result, list)
    return [one for one in result if isinstance(one, _Element)]


def values(node: _Element, path: str) -> list[str]:
    """Attribute values by XPath."""
    result = node.xpath(path, namespaces=NAMES)
    assert isinstance(result, list)
    return [str(one) for one in result]


def test_address_comes_from_settings() -> None:
    """The address is the public URL of the settings with the service's path."""
    settings = SoapSettings(public_url="https://bridge.example.com")
    document = etree.fromstring(write_wsdl(service_address(settings)))
    assert values(document, "//s:address/@location") == ["https://bridge.example.com/soap/v1"]


def test_it_is_valid_for_its_order(wsdl: _Element) -> None:
    """types, messages, port type, binding, service: in this order, the service last."""
    kinds = [etree.QName(child).localname for child in wsdl]
    assert kinds == sorted(kinds, key=["types", "message", "portType", "binding", "service"].index)
    assert kinds[-1] == "service"


def test_all_operations_are_there(wsdl: _Element) -> None:
    """Port type and binding offer each operation of contract v1 once."""
    assert set(values(wsdl, "w:portType/w:operation/@name")) == OPERATIONS
    assert sorted(values(wsdl, "w:binding/w:operation/@name")) == sorted(OPERATIONS)
    assert len(BridgeService.public_methods) == len(OPERATIONS)


def test_wrapper_parts_are_named_parameters(wsdl: _Element) -> None:
    """Messages have one part, named `parameters`: else .NET gives wrapper classes."""
    for message in found(wsdl, "w:message[not(starts-with(@name, 'BridgeFault'))]"):
        assert values(message, "w:part/@name") == ["parameters"]
        assert values(message, "w:part/@element") == [f"tns:{message.get('name')}"]


def test_messages_are_named_after_the_operation(wsdl: _Element) -> None:
    """Request elements are the operation, answers `<Operation>Response`."""
    for operation in found(wsdl, "w:portType/w:operation"):
        name = operation.get("name")
        assert values(operation, "w:input/@message") == [f"tns:{name}"]
        assert values(operation, "w:output/@message") == [f"tns:{name}Response"]
        assert operation.get("parameterOrder") is None


def test_answers_hold_one_element(wsdl: _Element) -> None:
    """An answer's wrapper holds one required element, so proxies return it as the value."""
    for element in found(wsdl, "//x:schema/x:element[contains(@name, 'Response')]"):
        members = found(element, "x:complexType/x:sequence/x:element")
        assert len(members) == 1, element.get("name")
        assert members[0].get("maxOccurs") is None


def test_actions_are_uris(wsdl: _Element) -> None:
    """soapAction is the namespace, a slash and the operation; document/literal throughout."""
    for operation in found(wsdl, "w:binding/w:operation"):
        action = f"urn:erp-bridge:v1/{operation.get('name')}"
        assert values(operation, "s:operation/@soapAction") == [action]
    assert set(values(wsdl, "//s:body/@use | //s:fault/@use")) == {"literal"}
    assert set(values(wsdl, "//@style")) == {"document"}


def test_every_operation_declares_the_fault(wsdl: _Element) -> None:
    """BridgeFault is declared by port type and binding of every operation, with its fields."""
    for operation in found(wsdl, "w:portType/w:operation | w:binding/w:operation"):
        assert values(operation, "w:fault/@name") == ["BridgeFault"]
    assert values(wsdl, "w:message[@name='BridgeFaultException']/w:part/@element") == [
        "tns:BridgeFault"
    ]
    fields = values(wsdl, "//x:complexType[@name='BridgeFault']/x:sequence/x:element/@name")
    assert fields == [
        "Code",
        "Message",
        "Retryable",
        "RetryAfterSeconds",
        "CorrelationId",
        "Violation",
    ]


def test_nothing_is_nillable(wsdl: _Element) -> None:
    """What is required is there, what is optional may be absent; nothing is nil."""
    assert values(wsdl, "//@nillable") == []
    assert set(values(wsdl, "//x:element/@minOccurs")) == {"0"}


def test_repeated_elements_stand_directly(wsdl: _Element) -> None:
    """No ArrayOf wrappers, no any, no choice; submissions take 1 to 500 records."""
    assert not [name for name in values(wsdl, "//@name") if "Array" in name]
    assert not found(wsdl, "//x:any | //x:choice | //x:anyAttribute | //x:import")
    invoices = found(wsdl, "//x:element[@name='SubmitInvoices']//x:element[@name='Invoice']")[0]
    assert (invoices.get("minOccurs"), invoices.get("maxOccurs")) == (None, "500")


def test_simple_types(wsdl: _Element) -> None:
    """Numbers, days, instants and money have the types that languages know."""
    types = set(values(wsdl, "//@type[starts-with(., 'xs:')] | //@base"))
    assert types == {
        "xs:string",
        "xs:int",
        "xs:long",
        "xs:date",
        "xs:dateTime",
        "xs:boolean",
        "xs:decimal",
    }
    amount = found(wsdl, "//x:simpleType[@name='Amount']")[0]
    assert values(amount, ".//x:totalDigits/@value") == ["18"]
    assert values(amount, ".//x:fractionDigits/@value") == ["4"]
    codes = values(wsdl, "//x:simpleType[@name='RecordState']//x:enumeration/@value")
    assert codes == ["NEW", "HELD", "PENDING", "FAILED", "AGREED", "CHANGED", "BREAK", "GONE"]


def test_everything_is_documented(wsdl: _Element) -> None:
    """Every operation, type and field says what it is."""
    for node in found(wsdl, "//x:element | //x:simpleType | //x:schema/x:complexType"):
        texts = [one.text for one in found(node, "x:annotation/x:documentation")]
        assert len(texts) == 1, node.get("name")
        assert texts[0]
    for operation in found(wsdl, "w:portType/w:operation"):
        assert found(operation, "w:documentation")[0].text


def test_names_differ_where_languages_make_classes(wsdl: _Element) -> None:
    """Service, port type, binding and types do not compete for a class name."""
    names = values(
        wsdl,
        "w:service/@name | w:portType/@name | w:binding/@name"
        " | //x:schema/x:complexType/@name | //x:simpleType/@name | w:message[last()]/@name",
    )
    assert len({name.lower() for name in names}) == len(names)


def test_only_used_namespaces_and_elements(wsdl: _Element) -> None:
    """No prefix without use, no global element without a message."""
    assert set(wsdl.nsmap) == {"xs", "wsdl", "wsdlsoap11", "tns"}
    elements = set(values(wsdl, "//x:schema/x:element/@name"))
    assert elements == {*OPERATIONS, *(f"{one}Response" for one in OPERATIONS), "BridgeFault"}


def test_soap_1_2_has_a_document_of_its_own(wsdl: _Element) -> None:
    """It differs by its one binding alone: WS-I BP 1.1 (R2401) and old generators know no other."""
    other = etree.fromstring(write_wsdl(service_address(SoapSettings()), SOAP_12))
    assert values(other, "w:binding/@name | w:service/w:port/@name") == ["ErpBridgeSoap12"] * 2
    assert values(other, "w:service/w:port/@binding") == ["tns:ErpBridgeSoap12"]
    assert not found(other, "//s:*")
    assert len(found(other, "//t:operation")) == len(OPERATIONS)
    text = etree.tostring(other).decode()
    for ours, theirs in (
        ("Soap12", "Soap11"),
        ("wsdlsoap12", "wsdlsoap11"),
        ("/wsdl/soap12/", "/wsdl/soap/"),
    ):
        text = text.replace(ours, theirs)
    assert text == etree.tostring(wsdl).decode()
