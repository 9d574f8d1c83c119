"""An org's Enterprise WSDL, and a server that speaks it: the sandbox in other words."""

import re
from importlib.resources import files

import requests
from lxml import etree

from bridge.sandbox import SandboxServer
from bridge.sandbox.schema import SObject, load_schema
from bridge.sandbox.schema.model import FieldType
from tests.salesforce.scripted import Asked, Reply

PARTNER_WORDS, ENTERPRISE_WORDS = "partner.soap.sforce.com", "enterprise.soap.sforce.com"
ENS = f"urn:sobject.{ENTERPRISE_WORDS}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
XSD_TYPES = {
    FieldType.BOOLEAN: "xsd:boolean",
    FieldType.CURRENCY: "xsd:double",
    FieldType.DATE: "xsd:date",
    FieldType.DATETIME: "xsd:dateTime",
    FieldType.DOUBLE: "xsd:double",
    FieldType.ID: "tns:ID",
    FieldType.INT: "xsd:int",
    FieldType.PERCENT: "xsd:double",
    FieldType.REFERENCE: "tns:ID",
}


def enterprise_wsdl() -> str:
    """The WSDL that an org with the sandbox's objects hands out: each has a type of its own."""
    built_in = files("bridge") / "resources/wsdl/salesforce/partner.wsdl"
    text = built_in.read_text(encoding="utf-8").replace(PARTNER_WORDS, ENTERPRISE_WORDS)
    base = (
        '<complexType name="sObject"><sequence><element name="fieldsToNull" type="xsd:string"'
        ' nillable="true" minOccurs="0" maxOccurs="unbounded"/>'
        '<element name="Id" type="tns:ID" nillable="true"/></sequence></complexType>'
    )
    types = "".join(_complex_type(sobject) for sobject in load_schema().objects)
    return re.sub(
        r'<complexType name="sObject">.*?</complexType>', base + types, text, count=1, flags=re.S
    )


def _complex_type(sobject: SObject) -> str:
    members = {
        field.name: XSD_TYPES.get(field.type, "xsd:string")
        for field in sobject.fields
        if field.type is not FieldType.ID
    }
    members |= {
        field.relationship: f"ens:{field.to}" for field in sobject.fields if field.relationship
    }
    elements = "".join(
        f'<element name="{name}" nillable="true" minOccurs="0" type="{members[name]}"/>'
        for name in sorted(members)
    )
    return (
        f'<complexType name="{sobject.name}"><complexContent><extension base="ens:sObject">'
        f"<sequence>{elements}</sequence></extension></complexContent></complexType>"
    )


def translated(asked: Asked, org: SandboxServer) -> Reply:
    """Asks the sandbox in the Partner WSDL's words, and tells its answer in the Enterprise's."""
    body = etree.fromstring(asked.body)
    for element in body.iter():
        kind = element.get(XSI_TYPE)
        if kind and element.nsmap.get(kind.partition(":")[0]) == ENS:
            _to_partner(element, kind.rpartition(":")[2])
        elif element.tag == f"{{{ENS}}}Account__r":  # a parent's type is the one that is declared
            _to_partner(element, "Account")
    content = etree.tostring(body).replace(ENTERPRISE_WORDS.encode(), PARTNER_WORDS.encode())
    response = requests.post(
        f"{org.url}{asked.path.replace('/Soap/c/', '/Soap/u/')}",
        data=content,
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=30,
    )
    answer = etree.fromstring(response.content)
    for element in answer.iter():
        if element.get(XSI_TYPE, "").endswith(":sObject"):
            _to_enterprise(element)
    told = etree.tostring(answer).replace(PARTNER_WORDS.encode(), ENTERPRISE_WORDS.encode())
    return Reply(response.status_code, told)


def _to_partner(row: etree._Element, kind: str) -> None:
    """A typed row becomes one of any type: a parent keeps the type's name in xsi:type alone."""
    named = etree.Element(f"{{{ENS}}}type")
    named.text = kind
    row.insert(0, named)
    row.attrib.pop(XSI_TYPE, None)


def _to_enterprise(row: etree._Element) -> None:
    """A row's type moves from its first element into xsi:type, and its Id stands once."""
    kind, *rest = row
    row.set(XSI_TYPE, f"{row.get(XSI_TYPE, '').partition(':')[0]}:{kind.text}")
    row.remove(kind)
    ids = [element for element in rest if element.tag.endswith("}Id")]
    for twin in ids[1:]:
        row.remove(twin)
