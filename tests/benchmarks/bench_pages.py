"""How fast a query page is decoded, beside stock zeep and a bare parse, from the same bytes."""

# zeep is typed in part only:
# mypy: allow-untyped-calls

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache, partial
from multiprocessing import get_context

import requests
from lxml import etree
from zeep import Client

from bridge.garbage import collect_seldom
from bridge.salesforce import Page
from bridge.salesforce.binding import BUILT_IN_WSDL
from bridge.salesforce.wire import read_answer
from tests.benchmarks.measuring import BenchmarkFailed, Row, cpu_seconds_of, take_turns

RECORDS = 2000
ROUNDS = 5
PAGES = 5

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
    """A row beside zeep, and one beside a bare parse of the same bytes.

    Each reads page after page, as a fetch does, in a process of its own: zeep is a quarter slower
    where much else was done before.
    """
    with ExitStack() as stack:
        ways = [
            partial(cpu_seconds_in, stack.enter_context(own_process()), read)
            for read in (read_by_bridge, read_by_zeep, parse_alone)
        ]
        bridge, zeep, parse = take_turns(ways, rounds=ROUNDS)
    for rival, seconds, aim in (("zeep", zeep, 15), ("lxml, parsing alone", parse, 0.5)):
        yield Row(
            what=f"decode a Salesforce page of {RECORDS:,} records of 12 fields",
            value=RECORDS / bridge,
            unit="records/s",
            rival=rival,
            rival_value=RECORDS / seconds,
            aim=aim,
        )


def own_process() -> ProcessPoolExecutor:
    """One that nothing else is done in."""
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


def cpu_seconds_in(process: ProcessPoolExecutor, read: Callable[[], int]) -> float:
    """The CPU seconds that it takes there."""
    return process.submit(cpu_seconds_of_a_page, read).result()


def cpu_seconds_of_a_page(read: Callable[[], int]) -> float:
    """The least of a few pages. Raises BenchmarkFailed where rows are missing."""
    if (found := read()) != RECORDS:
        raise BenchmarkFailed(f"{read.__name__} found {found} of {RECORDS} rows")
    return min(take_turns([cpu_seconds_of(read)], rounds=PAGES))


def read_by_bridge() -> int:
    """How many rows the connector finds."""
    _as_in_a_job()
    return len(Page.decode(read_answer(_response()).result()).rows)


def read_by_zeep() -> int:
    """How many rows stock zeep finds."""
    client = _client()
    binding = client.service._binding
    return len(binding.process_reply(client, binding.get("query"), _response()).body.result.records)


def parse_alone() -> int:
    """How many rows stand in the tree."""
    return len(etree.fromstring(_response().content)[0][0][0]) - len(("done", "locator", "size"))


@cache
def _as_in_a_job() -> None:
    collect_seldom()


@cache
def _client() -> Client:
    return Client(str(BUILT_IN_WSDL))


@cache
def _response() -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    records = "".join(_RECORD.format(number) for number in range(RECORDS))
    response._content = _PAGE.format(records, RECORDS).encode()
    return response
