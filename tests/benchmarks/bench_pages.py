"""How much faster a query page is decoded than by stock zeep, from the same bytes.

Run: python -m tests.benchmarks.bench_pages
"""

# zeep is typed in part only:
# mypy: allow-untyped-calls

import time
from collections.abc import Callable

import requests
from zeep import Client

from bridge.salesforce import Page
from bridge.salesforce.wire import BUILT_IN_WSDL, read_answer

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


def main() -> None:
    """Prints records a second, each way, and the ratio."""
    response = requests.Response()
    response.status_code = 200
    response._content = _PAGE.format(
        "".join(_RECORD.format(number) for number in range(RECORDS)), RECORDS
    ).encode()
    client = Client(str(BUILT_IN_WSDL))
    binding = client.service._binding
    query = binding.get("query")
    assert len(Page.decode(read_answer(response).result()).rows) == RECORDS
    zeep = best_seconds(lambda: binding.process_reply(client, query, response))
    ours = best_seconds(lambda: Page.decode(read_answer(response).result()))
    print(f"zeep   {RECORDS / zeep:10,.0f} records a second")
    print(f"bridge {RECORDS / ours:10,.0f} records a second, {zeep / ours:.1f} times as fast")


def best_seconds(work: Callable[[], object]) -> float:
    """The fastest of some rounds: the one that was disturbed least."""
    return min(seconds(work) for _ in range(ROUNDS))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
