"""How fast a query page is decoded, beside stock zeep and a bare parse, from the same bytes."""

# zeep is typed in part only:
# mypy: allow-untyped-calls

from collections.abc import Iterator

import requests
from lxml import etree
from zeep import Client

from bridge.salesforce import Page
from bridge.salesforce.binding import BUILT_IN_WSDL
from bridge.salesforce.wire import read_answer
from tests.benchmarks.measuring import Row, cpu_seconds_of, take_turns

RECORDS = 2000
ROUNDS = 7

_RECORD = """
<records xsi:type="sf:sObject"><sf:type>ERP_Invoice__c</sf:type><sf:Id>a00{0:012d}AAA</sf:Id>
<sf:Id>a00{0:012d}AAA</sf:Id><sf:ERP_Key__c>1000/{0}</sf:ERP_Key__c>
<sf:IsDeleted>false</sf:IsDeleted><sf:SystemModstamp>2026-03-01T12:00:00.000Z</sf:SystemModstamp>
<sf:Number__c>{0}</sf:Number__c><sf:Account__r xsi:type="sf:sObject"><sf:type>Account</sf:type>
<sf:Id xsi:nil="true"/><sf:ERP_Key__c>C1</sf:ERP_Key__c></sf:Account__r>
<sf:Issued_On__c>2026-03-01</sf:Issued_On__c><sf:Due_On__c xsi:nil="true"/>
<sf:Currency_Code__c>USD</sf:Currency_Code__c><sf:Net_Amount__c>{0}.625</sf:Net_Amount__c>
<sf:Tax_Amount__c>0.0</sf:Tax_Amount__c><sf:Gross_Amount__c>{0}.63</sf:Gross_Amount__c>
<sf:Status__c>OPEN</sf:Status__c></records>
""".replace("\n", "")
_PAGE = """
<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:sobject.partner.soap.sforce.com"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><queryResponse>
<result xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>{0}<size>{1}</size>
</result></queryResponse></soapenv:Body></soapenv:Envelope>
""".strip().replace("\n", "")


def measure() -> Iterator[Row]:
    """A row beside zeep, and one beside a bare parse of the same bytes."""
    response = requests.Response()
    response.status_code = 200
    records = "".join(_RECORD.format(number) for number in range(RECORDS))
    response._content = _PAGE.format(records, RECORDS).encode()
    client = Client(str(BUILT_IN_WSDL))
    binding = client.service._binding
    query = binding.get("query")
    assert len(Page.decode(read_answer(response).result()).rows) == RECORDS
    bridge, zeep, parse = take_turns(
        [
            cpu_seconds_of(lambda: Page.decode(read_answer(response).result())),
            cpu_seconds_of(lambda: binding.process_reply(client, query, response)),
            cpu_seconds_of(lambda: etree.fromstring(response.content)),
        ],
        rounds=ROUNDS,
    )
    for rival, seconds, aim in (("zeep", zeep, 15), ("lxml, parsing alone", parse, 0.5)):
        yield Row(
            what=f"decode a Salesforce page of {RECORDS:,} records of 12 fields",
            value=RECORDS / bridge,
            unit="records/s",
            rival=rival,
            rival_value=RECORDS / seconds,
            aim=aim,
        )
