"""What the facts have to be, and the checks that they are gathered into.

Another thing to check is one more step in the clients, its expected facts here, and a line of
CHECKS.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from bridge import __version__
from tests.interop.records import SEED_INVOICE, written_by
from tests.interop.signatures import OPERATIONS
from tests.interop.world import Stage, busy, texts_of

Facts = Mapping[str, str]
Wanted: TypeAlias = "str | re.Pattern[str]"
Expected = Mapping[str, Wanted]


@dataclass(frozen=True)
class Check:
    """A row of the matrix: it holds where all facts of these patterns are as expected."""

    title: str
    facts: tuple[str, ...]

    def covers(self, fact: str) -> bool:
        """Whether a fact belongs to this check."""
        return any(fnmatchcase(fact, pattern) for pattern in self.facts)


GENERATES = Check("generates and compiles", ("made.client",))
SIGNATURES = Check("natural signatures", ("signature.*",))

CHECKS = (
    GENERATES,
    SIGNATURES,
    Check("HTTP Basic", ("ping.version", "refused.by")),
    Check("API key", ("key.*",)),
    Check("UsernameToken", ("token.*",)),
    Check("UsernameToken, digest", ("digest.*",)),
    Check("its version of SOAP", ("log.soap",)),
    Check("Ping", ("ping.*",)),
    Check("submits each type", ("submit.*", "stored.*")),
    Check("UTF-8 to us", ("stored.customer.name", "stored.*.billing_*", "stored.invoice.lines")),
    Check("UTF-8 from us", ("customer.*name", "customer.street", "customer.city", "feed.page.1")),
    Check("decimals to us", ("stored.*amount", "stored.*.credit_limit", "stored.*.lines")),
    Check("decimals from us", ("invoice.*amount", "invoice.line.*", "customer.credit_limit")),
    Check("dates and instants", ("stored.*_on", "invoice.*_on", "submit.*")),
    Check("nested typed records", ("customer.*", "invoice.*")),
    Check("snapshots", ("snapshot.*",)),
    Check("replays a MessageId", ("replay.*",)),
    Check("GetReceipt", ("receipt.*",)),
    Check("typed fault", ("fault.*", "violation.*")),
    Check("too many calls", ("limit.*",)),
    Check("pages and acknowledges", ("feed.*",)),
    Check("200 calls in a row", ("steady.pings",)),
    Check("calls every operation", ("log.operations", "client.*")),
)


def expected_facts(stage: Stage, name: str, soap: str) -> Expected:
    """What the client of this name has to tell, and the bridge of it. Asked for after its run."""
    facts = {
        **_expected_code(),
        "ping.version": __version__,
        "ping.database": "OK",
        "ping.salesforce": "OK",
        "refused.by": _CHALLENGED,
        **_expected_proofs(),
        **_expected_submissions(stage, name),
        **_expected_seed(),
        **_expected_snapshot(),
        **_expected_faults(stage, name),
        **_expected_feed(name),
        "log.operations": " ".join(sorted(operation.name for operation in OPERATIONS)),
        "log.soap": soap,
        "steady.pings": "200",
        "client.end": "reached",
        "client.noise": "none",
    }
    _must_all_be_used(facts)
    return facts


def told_by(output: str) -> Facts:
    """What a client printed: one fact a line, and whatever else it printed as `client.noise`."""
    facts = {"client.noise": "none"}
    for line in filter(None, output.split("\n")):
        try:
            said = json.loads(line)
            facts[said["fact"]] = said["value"]
        except (ValueError, KeyError, TypeError):
            facts["client.noise"] = line
    return facts


def bridge_facts(stage: Stage, name: str) -> Facts:
    """What the bridge itself has to tell of this client's calls."""
    calls = [call for call in stage.calls(name) if call["outcome"] == "ok"]
    done = {call["operation"] for call in calls}
    spoken = {call["soap"] for call in calls}
    stored = {
        f"stored.{word}.{field}": text
        for word, record in written_by(name).items()
        for field, text in stage.stored(record).items()
    }
    return stored | {
        "log.operations": " ".join(sorted(done)),
        "log.soap": " ".join(sorted(spoken)),
    }


def problems_of(check: Check, expected: Expected, told: Facts) -> list[str]:
    """What stands in the way of a check; nothing where it holds."""
    return [
        _problem(fact, wanted, told)
        for fact, wanted in expected.items()
        if check.covers(fact) and not _matches(wanted, told.get(fact))
    ]


def _expected_code() -> Expected:
    signatures = {f"signature.{operation.name}": "natural" for operation in OPERATIONS}
    return {"made.client": "compiled", **signatures, "signature.oddities": "none"}


_CHALLENGED = re.compile("WrongCredentials|HTTP 401")


def _expected_proofs() -> Expected:
    """Each way to authenticate lets the client in, and a wrong secret is told apart."""
    return {
        "key.version": __version__,
        "key.refused": _CHALLENGED,
        "token.version": __version__,
        "token.refused": "FailedAuthentication",
        "digest.version": __version__,
        "digest.refused": "FailedAuthentication",
    }


def _expected_submissions(stage: Stage, name: str) -> Expected:
    facts: dict[str, str] = {}
    for number, (word, record) in enumerate(written_by(name).items(), 1):
        message_id = f"{name}-{number}"
        first = f"{message_id} {stage.received_at(name, message_id)}"
        facts[f"submit.{word}"] = f"{first} new {record.number} ACCEPTED null"
        facts |= {f"stored.{word}.{field}": text for field, text in texts_of(record).items()}
        if word == "invoice":
            again = f"{first} replayed {record.number} ACCEPTED null"
            facts |= {"replay.again": again, "receipt.found": again}
    return facts


def _expected_seed() -> Expected:
    lines = {
        f"invoice.line.{line.line_number}": f"{line.description} {line.quantity} {line.net_amount}"
        for line in SEED_INVOICE.lines
    }
    return {
        "customer.state": "AGREED",
        "customer.salesforce_id": re.compile("001[A-Za-z0-9]{15}"),
        "customer.name": "Kōbe Łódź 東京 🚲",
        "customer.crm_name": "Kōbe Łódź 東京 🚲",
        "customer.street": '<Söhne> & "7"',
        "customer.city": "東京",
        "customer.credit_limit": "10000000000000.01",
        "customer.status": "BLOCKED",
        "customer.email": "null",
        "invoice.issued_on": "2026-01-31",
        "invoice.due_on": "2026-03-01",
        "invoice.net_amount": "11888.625",
        "invoice.tax_amount": "-0.0001",
        **lines,
    }


def _expected_snapshot() -> Expected:
    """Two invoices were sent, one is told: in a wrong zone, no instant finds the other gone."""
    return {
        "snapshot.superseded": "null",
        "snapshot.told": "UNCHANGED",
        "snapshot.differs": "SnapshotDiffers Count",
        "snapshot.closed": "1 1 new",
        "snapshot.again": "1 1 replayed",
        "snapshot.gone": "true GONE",
    }


def _expected_faults(stage: Stage, name: str) -> Expected:
    return {
        **_expected_fault(stage, name, "fault", "MessageIdReused"),
        "fault.message": re.compile(f".*{name}-1.*"),
        **_expected_fault(stage, name, "violation", "ContractViolated"),
        "violation.message": re.compile(".*FetchChanges/Limit.*"),
        "violation.path": "FetchChanges/Limit",
        "violation.line": "known",
        "violation.text": re.compile(".+"),
        "limit.first": __version__,
        **_expected_fault(stage, busy(name), "limit", "TooManyCalls", retry_after=_SECONDS),
        "limit.message": re.compile(".*1 call a minute.*"),
    }


_SECONDS = re.compile("[1-9]|[1-5][0-9]|60")


def _expected_fault(
    stage: Stage, consumer: str, step: str, code: str, retry_after: Wanted = "null"
) -> Expected:
    """The fault of the consumer's only call with this outcome; its log line names it."""
    logged = [call["correlation_id"] for call in stage.calls(consumer) if call["outcome"] == code]
    return {
        f"{step}.code": code,
        f"{step}.retryable": "false" if retry_after == "null" else "true",
        f"{step}.retry_after": retry_after,
        f"{step}.correlation_id": " ".join(logged),
    }


def _expected_feed(name: str) -> Expected:
    phone, website = "Phone: +81 3 > +81 33", "Website: https://3.example > https://33.example"
    return {
        "feed.page.1": f"CUSTOMER {name}-F1 Billing.City: 京都 > 大阪 🏯 {name}",
        "feed.page.2": f"CUSTOMER {name}-F2 Phone: +81 2 > null",
        "feed.page.3": f"CUSTOMER {name}-F3 {phone} {website}",
        "feed.acknowledged": "3",
        "feed.left": "0",
    }


def _must_all_be_used(facts: Expected) -> None:
    """A fact that no check looks at, and a pattern without facts, would be silent holes."""
    unseen = [fact for fact in facts if not any(check.covers(fact) for check in CHECKS)]
    patterns = {pattern for check in CHECKS for pattern in check.facts}
    idle = [one for one in patterns if not any(fnmatchcase(fact, one) for fact in facts)]
    assert not unseen, f"no check looks at {unseen}"
    assert not idle, f"there are no facts {idle}"


def _matches(wanted: Wanted, found: str | None) -> bool:
    if found is None:
        return False
    return found == wanted if isinstance(wanted, str) else bool(wanted.fullmatch(found))


def _problem(fact: str, wanted: Wanted, told: Facts) -> str:
    if fact in told:
        expectation = wanted if isinstance(wanted, str) else f"/{wanted.pattern}/"
        return f"{fact} is {told[fact]!r}, not {expectation!r}"
    reason = told.get(f"{fact.partition('.')[0]}.error") or told.get("client.error", "")
    return f"{fact} was not told" + (f": {reason}" if reason else "")
