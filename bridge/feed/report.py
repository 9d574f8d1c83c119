"""What became of a file: counts, control totals, and each finding with its line."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from bridge.domain.money import decimals_of, minor_units
from bridge.domain.records import AMOUNT_COLUMNS, Record, RecordType, System, key_of
from bridge.domain.totals import NO_CURRENCY, ControlTotal, key_hash
from bridge.domain.validation import ProblemCode
from bridge.feed.columns import named
from bridge.feed.reading import Fault, ReadRow
from bridge.feed.telling import Told
from bridge.operations.submissions import Outcome
from bridge.wording import counted

FINDINGS_KEPT = 10_000
"""Findings of one code that a report holds; all are counted, and all rejected rows are in the
rejects file."""

_FINDINGS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row: its physical line, its key where known, and what it is."""

    line: int
    key: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of one code: how many, and the first FINDINGS_KEPT by line."""

    count: int
    first: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """What became of a file's rows: rows = accepted + unchanged + repeated + rejected.

    `repeated` rows are equal to an earlier one of their key and count once. `rejections` and
    `warnings` list findings by code; rows of a differing key are warned about too.
    `differing_keys` counts the keys behind DUPLICATE_KEY. `totals` are the control totals of what
    was accepted and of what was unchanged. `submissions` counts the calls that carried records.
    `told` says what came of the file's snapshots, if it was told in any.
    """

    file: str
    record_type: RecordType
    rows: int
    accepted: int
    unchanged: int
    repeated: int
    rejected: int
    differing_keys: int
    submissions: int
    rejections: Mapping[str, Findings]
    warnings: Mapping[str, Findings]
    totals: Mapping[Outcome, tuple[ControlTotal, ...]]
    rejects_file: str | None
    told: tuple[Told, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every row went in, and every snapshot could be closed."""
        return not self.rejected and all(one.gone is not None for one in self.told)

    @property
    def held(self) -> int:
        """Documents that are stored and wait for their customer."""
        held = self.warnings.get(ProblemCode.CUSTOMER_UNKNOWN)
        return held.count if held else 0


class Tally:
    """Counts while a file is fed."""

    def __init__(self, record_type: RecordType) -> None:
        self._record_type = record_type
        self.rows = 0
        self.repeated = 0
        self.submissions = 0
        self._rejections: dict[str, _Found] = defaultdict(_Found)
        self._warnings: dict[str, _Found] = defaultdict(_Found)
        self._sums: dict[tuple[Outcome, str], _Sums] = defaultdict(_Sums)

    @property
    def stored(self) -> int:
        """Rows that the service has, as far as it has answered."""
        return sum(sums.count for sums in self._sums.values())

    def reject(self, read: ReadRow, fault: Fault) -> None:
        """A row that goes no further."""
        self._rejections[fault.code].add(_finding(read, fault.field, fault.message))

    def warn(self, read: ReadRow, code: str, field_name: str, message: str) -> None:
        """Something that does not reject a row."""
        self._warnings[code].add(_finding(read, field_name, message))

    def store(self, record: Record, outcome: Outcome) -> None:
        """A record that the service has now (ACCEPTED) or had already (UNCHANGED)."""
        self._sums[outcome, record.currency or NO_CURRENCY].add(record, self._record_type)

    def report(
        self,
        *,
        file: Path,
        rejects: Path | None,
        differing_keys: int,
        told: tuple[Told, ...] = (),
    ) -> FeedReport:
        """The figures so far."""
        return FeedReport(
            file=str(file),
            record_type=self._record_type,
            rows=self.rows,
            accepted=self._count(Outcome.ACCEPTED),
            unchanged=self._count(Outcome.UNCHANGED),
            repeated=self.repeated,
            rejected=sum(found.count for found in self._rejections.values()),
            differing_keys=differing_keys,
            submissions=self.submissions,
            rejections=_findings(self._rejections),
            warnings=_findings(self._warnings),
            totals={outcome: self._totals(outcome) for outcome in _STORED},
            rejects_file=str(rejects) if rejects else None,
            told=told,
        )

    def _count(self, outcome: Outcome) -> int:
        return sum(sums.count for (what, _), sums in self._sums.items() if what is outcome)

    def _totals(self, outcome: Outcome) -> tuple[ControlTotal, ...]:
        sums = {currency: s for (what, currency), s in self._sums.items() if what is outcome}
        return tuple(sums[currency].total(self._record_type, currency) for currency in sorted(sums))


def render(report: FeedReport) -> str:
    """The report as lines for a terminal."""
    return "\n".join(_lines(report))


@dataclass(slots=True)
class _Found:
    count: int = 0
    first: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.count += 1
        if len(self.first) < FINDINGS_KEPT:
            self.first.append(finding)


@dataclass(slots=True)
class _Sums:
    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    hash_total: int = 0

    def add(self, record: Record, record_type: RecordType) -> None:
        self.count += 1
        self.hash_total += key_hash(str(key_of(record)))
        for name, attribute in AMOUNT_COLUMNS[record_type].items():
            self.amounts[name] += getattr(record, attribute) or 0

    def total(self, record_type: RecordType, currency: str) -> ControlTotal:
        return ControlTotal(
            record_type=record_type,
            system=System.ERP,
            currency=currency,
            count=self.count,
            amounts=dict(self.amounts),
            hash_total=self.hash_total,
        )


def _finding(read: ReadRow, field_name: str, message: str) -> Finding:
    key = str(read.key) if read.key else ""
    return Finding(read.row.line, _printable(key), field_name, _printable(message))


def _findings(found: Mapping[str, _Found]) -> dict[str, Findings]:
    return {
        code: Findings(one.count, tuple(sorted(one.first, key=lambda finding: finding.line)))
        for code, one in sorted(found.items())
    }


def _printable(text: str) -> str:
    """The text as a terminal may show it: control characters and stray bytes escaped."""
    return text if text.isprintable() else "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _lines(report: FeedReport) -> Iterator[str]:
    yield f"{report.file}: {counted(report.rows, 'row')}, each {named(report.record_type)}"
    yield f"  accepted   {report.accepted:>10,}{_sums_shown(report.totals[Outcome.ACCEPTED])}"
    yield f"  unchanged  {report.unchanged:>10,}{_sums_shown(report.totals[Outcome.UNCHANGED])}"
    if report.repeated:
        yield f"  repeated   {report.repeated:>10,}  equal to an earlier row, counted once"
    yield f"  rejected   {report.rejected:>10,}"
    for code, findings in report.rejections.items():
        keys = f" with {counted(report.differing_keys, 'key')}"
        keys = keys if code == ProblemCode.DUPLICATE_KEY else ""
        yield from _findings_shown(f"{code}: {counted(findings.count, 'row')}{keys}", findings)
    if report.warnings:
        yield "  warnings, which reject nothing"
    for code, findings in report.warnings.items():
        yield from _findings_shown(f"{code}: {counted(findings.count, 'row')}", findings)
    if report.held:
        held = counted(report.held, "stored document is", "stored documents are")
        yield f"  {held} held until the customer is submitted"
    for one in report.told:
        company = f"company {one.company_code}" if one.company_code else "customers"
        result = f"{one.gone:,} gone from the ERP" if one.gone is not None else one.reason
        yield f"  snapshot of {company}: {counted(one.records, 'row')} told, {result}"
    if report.rejects_file and report.rejected:
        yield f"  repair {report.rejects_file} and feed it"


def _findings_shown(title: str, findings: Findings) -> Iterator[str]:
    yield f"    {title}"
    for finding in findings.first[:_FINDINGS_SHOWN]:
        key = f" ({finding.key})" if finding.key else ""
        yield f"      line {finding.line}{key}: {finding.message}"
    if findings.count > _FINDINGS_SHOWN:
        yield f"      and {findings.count - _FINDINGS_SHOWN:,} more"


def _sums_shown(totals: Iterable[ControlTotal]) -> str:
    """The sums that are any, in their currencies."""
    sums = [(total.amounts["amount"], total.currency) for total in totals]
    return "".join(f"  {_money(amount, currency)}" for amount, currency in sums if amount)


def _money(amount: Decimal, currency: str) -> str:
    decimals = max(minor_units(currency) or 0, decimals_of(amount))
    return f"{currency} {amount:,.{decimals}f}"


_STORED = (Outcome.ACCEPTED, Outcome.UNCHANGED)
