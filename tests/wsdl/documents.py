"""A description that keeps every rule, and variants of it that differ in one place."""

from lxml import etree

from bridge.wsdl.documents import Documents, documents_from
from bridge.wsdl.model import Description
from bridge.wsdl.reader import describe

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:orders"
    targetNamespace="urn:orders" name="Orders">
  <wsdl:types>
    <xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">
      <xs:simpleType name="Status">
        <xs:restriction base="xs:string">
          <xs:enumeration value="OPEN"/>
          <xs:enumeration value="CLOSED"/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType name="Kind">
        <xs:restriction base="xs:string">
          <xs:enumeration value="SALE"/>
          <xs:enumeration value="RETURN"/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType name="Amount">
        <xs:restriction base="xs:decimal">
          <xs:totalDigits value="18"/>
          <xs:fractionDigits value="2"/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType name="Code">
        <xs:restriction base="xs:string">
          <xs:minLength value="2"/>
          <xs:maxLength value="10"/>
          <xs:pattern value="[A-Z]+"/>
        </xs:restriction>
      </xs:simpleType>
      <xs:complexType name="Line">
        <xs:sequence>
          <xs:element name="Item" type="tns:Code"/>
          <xs:element name="Amount" type="tns:Amount"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="Order">
        <xs:sequence>
          <xs:element name="Number" type="tns:Code"/>
          <xs:element name="Kind" type="tns:Kind"/>
          <xs:element name="Note" type="xs:string" minOccurs="0"/>
          <xs:element name="Line" type="tns:Line" minOccurs="0" maxOccurs="500"/>
        </xs:sequence>
        <xs:attribute name="revision" type="xs:int"/>
      </xs:complexType>
      <xs:complexType name="Receipt">
        <xs:sequence>
          <xs:element name="Status" type="tns:Status"/>
          <xs:element name="Total" type="tns:Amount"/>
          <xs:element name="Count" type="xs:int"/>
          <xs:element name="Remark" type="xs:string" minOccurs="0"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="Trouble">
        <xs:sequence>
          <xs:element name="Code" type="xs:string"/>
        </xs:sequence>
      </xs:complexType>
      <xs:element name="Submit">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="Order" type="tns:Order"/>
          </xs:sequence>
        </xs:complexType>
      </xs:element>
      <xs:element name="SubmitResponse">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="Receipt" type="tns:Receipt"/>
          </xs:sequence>
        </xs:complexType>
      </xs:element>
      <xs:element name="Trouble" type="tns:Trouble"/>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="Submit">
    <wsdl:part name="parameters" element="tns:Submit"/>
  </wsdl:message>
  <wsdl:message name="SubmitResponse">
    <wsdl:part name="parameters" element="tns:SubmitResponse"/>
  </wsdl:message>
  <wsdl:message name="TroubleException">
    <wsdl:part name="fault" element="tns:Trouble"/>
  </wsdl:message>
  <wsdl:portType name="Orders">
    <wsdl:operation name="Submit">
      <wsdl:documentation>Takes an order.</wsdl:documentation>
      <wsdl:input message="tns:Submit"/>
      <wsdl:output message="tns:SubmitResponse"/>
      <wsdl:fault name="Trouble" message="tns:TroubleException"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="OrdersSoap11" type="tns:Orders">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Submit">
      <soap:operation soapAction="urn:orders/Submit"/>
      <wsdl:input>
        <soap:body use="literal"/>
      </wsdl:input>
      <wsdl:output>
        <soap:body use="literal"/>
      </wsdl:output>
      <wsdl:fault name="Trouble">
        <soap:fault name="Trouble" use="literal"/>
      </wsdl:fault>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="OrderService">
    <wsdl:port name="OrdersSoap11" binding="tns:OrdersSoap11">
      <soap:address location="https://erp.example.com/orders"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


def changed(*replacements: tuple[str, str], text: str = GOOD) -> str:
    """The good description with each old text replaced once, from the first place on."""
    for old, new in replacements:
        assert old in text, f"the description holds no {old!r}"
        text = text.replace(old, new, 1)
    etree.fromstring(text.encode())
    return text


def read(text: str) -> Documents:
    """The documents of a text."""
    return documents_from(text.encode(), "test.wsdl")


def description(text: str) -> Description:
    """The description of a text."""
    return describe(read(text))
