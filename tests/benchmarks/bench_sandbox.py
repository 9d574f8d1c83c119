"""How fast the sandbox Salesforce is, and how much of a fetch from it is its own work.

Envelopes are sent as they are and answers thrown away, so that nobody's client is measured.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import requests

from bridge.demo.processes import Place, lay_out, running_sandbox
from bridge.sandbox.schema import load_schema
from tests.benchmarks.measuring import BenchmarkFailed, Row
from tests.benchmarks.servers import peak_megabytes_of, seconds_of

BATCH = 200
PAGES = 20
_FIELDS = (
    "Id, ERP_Key__c, IsDeleted, SystemModstamp, Number__c, Account__r.ERP_Key__c, Company_Code__c,"
    " Issued_On__c, Due_On__c, Currency_Code__c, Net_Amount__c, Tax_Amount__c, Gross_Amount__c,"
    " Open_Amount__c, Status__c"
)
_SELECT = f"SELECT {_FIELDS} FROM ERP_Invoice__c"
_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:sobject.partner.soap.sforce.com"><e:Header>'
    "<SessionHeader><sessionId>{0}</sessionId></SessionHeader></e:Header><e:Body>{1}</e:Body>"
    "</e:Envelope>"
)


def measure(size: int) -> Iterator[Row]:
    """Writes, pages, keyset pages at both ends, and a fetch, of so many invoices."""
    with tempfile.TemporaryDirectory() as folder:
        place = lay_out(Path(folder), None)
        with running_sandbox(place) as process:
            caller = Caller(place.sandbox_url, process.pid)
            yield from writes(caller, size)
            yield from pages(caller, size)
            yield from keyset(caller, size)
            yield fetch(place, process.pid, size)
            peak = peak_megabytes_of(process.pid)
            yield Row(what=f"{size:,} invoices: the sandbox", value=peak, unit="MB")


@dataclass
class Caller:
    """Calls with one session."""

    url: str
    pid: int
    http: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def __post_init__(self) -> None:
        access = load_schema().access
        form = {
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        }
        answer = self.http.post(f"{self.url}/services/oauth2/token", data=form, timeout=60)
        self.token = answer.json()["access_token"]

    def call(self, body: str) -> str:
        content = _ENVELOPE.format(self.token, body).encode()
        headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
        url = f"{self.url}/services/Soap/u/66.0"
        answer = self.http.post(url, data=content, headers=headers, timeout=600)
        if answer.status_code != requests.codes.ok or "<success>false" in answer.text:
            raise BenchmarkFailed(answer.text[:500])
        return answer.text

    def query(self, soql: str) -> str:
        return self.call(f"<queryAll><queryString>{escape(soql)}</queryString></queryAll>")


def writes(caller: Caller, size: int) -> Iterator[Row]:
    """Upserts of full batches: all new, then the first of them again."""
    for what, count in (("new", size), ("changed", min(size, 10_000))):
        bodies = [upsert(start) for start in range(0, count, BATCH)]
        yield rate(f"{size:,} invoices: upsert {what} ones", caller, bodies, len(bodies) * BATCH)


def upsert(start: int) -> str:
    rows = [
        "<sObjects><sf:type>ERP_Invoice__c</sf:type>"
        f"<sf:ERP_Key__c>1000/{n}</sf:ERP_Key__c><sf:Number__c>{n}</sf:Number__c>"
        "<sf:Company_Code__c>1000</sf:Company_Code__c><sf:Issued_On__c>2026-01-05</sf:Issued_On__c>"
        "<sf:Currency_Code__c>EUR</sf:Currency_Code__c><sf:Status__c>OPEN</sf:Status__c>"
        f"<sf:Net_Amount__c>{n}.5</sf:Net_Amount__c><sf:Tax_Amount__c>0.25</sf:Tax_Amount__c>"
        f"<sf:Gross_Amount__c>{n}.75</sf:Gross_Amount__c><sf:Open_Amount__c>0</sf:Open_Amount__c>"
        "</sObjects>"
        for n in range(start, start + BATCH)
    ]
    return f"<upsert><externalIDFieldName>ERP_Key__c</externalIDFieldName>{''.join(rows)}</upsert>"


def rate(what: str, caller: Caller, bodies: list[str], records: int) -> Row:
    """Records a second that calls write."""
    before, started = seconds_of(caller.pid), time.monotonic()
    for body in bodies:
        caller.call(body)
    passed, used = time.monotonic() - started, seconds_of(caller.pid) - before
    return Row(what=what, value=records / passed, unit="records/s", details={"CPU s": used})


def pages(caller: Caller, size: int) -> Iterator[Row]:
    """The first page, which keeps the whole result, and the pages that follow."""
    started = time.monotonic()
    page = caller.query(f"{_SELECT} ORDER BY SystemModstamp, Id")
    seconds = time.monotonic() - started
    yield Row(what=f"{size:,} invoices: the first page of all", value=seconds, unit="s")
    locators = [found[1] for found in [re.search("<queryLocator>(.*)-2000<", page)] if found]
    bodies = [
        f"<queryMore><queryLocator>{locator}-{2000 * n}</queryLocator></queryMore>"
        for locator in locators
        for n in range(1, min(PAGES, -(-size // 2000) - 1) + 1)
    ]
    if bodies:
        what = f"{size:,} invoices: further pages"
        yield rate(what, caller, bodies, min(size - 2000, 2000 * len(bodies)))


def keyset(caller: Caller, size: int) -> Iterator[Row]:
    """A page asked for by SystemModstamp and Id, near the start and near the end."""
    for where, direction in (("start", ""), ("end", " DESC")):
        order = f"ORDER BY SystemModstamp{direction}, Id{direction}"
        page = caller.query(f"{_SELECT} {order} LIMIT 1 OFFSET 2000")
        stamp = re.findall("<sf:SystemModstamp>(.*?)<", page)[0]
        key = re.findall("<sf:Id>(.*?)<", page)[0]
        after = f"(SystemModstamp = {stamp} AND Id > '{key}') OR SystemModstamp > {stamp}"
        started = time.monotonic()
        caller.query(f"{_SELECT} WHERE {after} ORDER BY SystemModstamp, Id LIMIT 2000")
        seconds = time.monotonic() - started
        yield Row(what=f"{size:,} invoices: a keyset page at the {where}", value=seconds, unit="s")


def fetch(place: Place, pid: int, size: int) -> Row:
    """CPU seconds of the sandbox in a fetch by the bridge, beside the bridge's own.

    The bridge's include its start; records a second are fetched and stored, the start left out.
    """
    before, children = seconds_of(pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "job", "run", "fetch", "--json"],
        env={**os.environ, **place.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkFailed(done.stderr[-500:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return Row(
        what=f"{size:,} invoices: the sandbox's part in a fetch",
        value=seconds_of(pid) - before,
        unit="s of CPU",
        rival="the bridge's part",
        rival_value=own,
        aim=1,
        details={"records/s": size / json.loads(done.stdout)["seconds"]},
    )
