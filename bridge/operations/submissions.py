"""An ERP submits records: validated, stored and answered in one local transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.content import encode_record
from bridge.domain.records import Record, RecordKey, RecordType, System, key_of, values_of
from bridge.domain.validation import Problem, ProblemCode, problems_of
from bridge.operations.digest import payload_digest
from bridge.operations.rights import is_permitted_company
from bridge.store.comparison import compared_fields
from bridge.store.engine import reading
from bridge.store.models import Submission
from bridge.store.records import (
    NewVersion,
    contents_of,
    ensure_records,
    known_customers,
    save_versions,
)
from bridge.store.submissions import claim_submission, find_submission, store_results


class MessageIdReused(BridgeError):
    """A message id came again with another payload."""


class UnknownMessageId(BridgeError):
    """No submission of this consumer has this message id."""


class Outcome(StrEnum):
    """What became of a record."""

    ACCEPTED = "ACCEPTED"
    UNCHANGED = "UNCHANGED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What became of one record, by its key. An ACCEPTED one may carry a warning in `code`."""

    company_code: str
    number: str
    outcome: Outcome
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submission, the same each time it is asked for but for `replayed`."""

    message_id: str
    received_at: datetime
    replayed: bool
    results: tuple[RecordResult, ...]


def submit_records(
    sessions: sessionmaker[Session],
    *,
    consumer: str,
    message_id: str,
    record_type: RecordType,
    records: Sequence[Record],
    companies: frozenset[str] = frozenset(),
    now: datetime,
) -> Receipt:
    """Stores a consumer's records and answers with one result per key, in order of appearance.

    A record of none of the companies is rejected; where there are none, all are permitted. The
    same message id with the same records gives the stored receipt again. Raises MessageIdReused
    where the records are others.
    """
    digest = payload_digest(records)
    with sessions.begin() as session:
        submission_id = claim_submission(
            session,
            consumer=consumer,
            message_id=message_id,
            record_type=record_type,
            payload_digest=digest,
            now=now,
        )
        if submission_id is None:
            stored = find_submission(session, consumer=consumer, message_id=message_id)
            assert stored is not None, "a taken message id has its submission"
            return _replay(stored, record_type, digest)
        results = _save(session, record_type, _by_key(records), companies, now)
        store_results(session, submission_id, _encode_results(results))
    return Receipt(message_id, now, replayed=False, results=tuple(results))


def get_receipt(sessions: sessionmaker[Session], *, consumer: str, message_id: str) -> Receipt:
    """The receipt of an earlier submission of this consumer. Raises UnknownMessageId."""
    with reading(sessions) as session:
        stored = find_submission(session, consumer=consumer, message_id=message_id)
    if stored is None:
        raise UnknownMessageId(
            f"no submission with message id {message_id!r}: nothing was stored, send it again"
        )
    return _receipt(stored)


def _replay(stored: Submission, record_type: RecordType, digest: bytes) -> Receipt:
    if stored.payload_digest != digest or stored.record_type is not record_type:
        raise MessageIdReused(
            f"message id {stored.message_id!r} was used on {stored.received_at:%Y-%m-%d %H:%M:%S}Z"
            " for another payload: take a new message id for new records"
        )
    return _receipt(stored)


def _receipt(stored: Submission) -> Receipt:
    results = tuple(
        RecordResult(**{**plain, "outcome": Outcome(plain["outcome"])})
        for plain in json.loads(stored.results)
    )
    return Receipt(stored.message_id, stored.received_at, replayed=True, results=results)


def _encode_results(results: Iterable[RecordResult]) -> str:
    return json.dumps([asdict(result) for result in results], ensure_ascii=False)


def _save(
    session: Session,
    record_type: RecordType,
    records: Mapping[RecordKey, Sequence[Record]],
    companies: frozenset[str],
    now: datetime,
) -> list[RecordResult]:
    results: dict[RecordKey, RecordResult] = {}
    fit: dict[RecordKey, Record] = {}
    warnings: dict[RecordKey, Problem] = {}
    for key, same_key in records.items():
        problem = _first_problem(key, same_key, companies)
        results[key] = _result(key, Outcome.ACCEPTED, problem)
        if problem is not None and problem.rejects:
            results[key] = _result(key, Outcome.REJECTED, problem)
            continue
        fit[key] = same_key[0]
        if problem is not None:
            warnings[key] = problem
    warnings |= _unknown_customers(session, fit)  # being held matters more
    for key, outcome in _save_versions(session, record_type, fit, now).items():
        results[key] = _result(key, outcome, warnings.get(key))
    return list(results.values())


def _by_key(records: Sequence[Record]) -> dict[RecordKey, list[Record]]:
    """The distinct records of each key, in order of appearance."""
    grouped: dict[RecordKey, list[Record]] = {}
    for record in records:
        same_key = grouped.setdefault(key_of(record), [])
        if record not in same_key:
            same_key.append(record)
    return grouped


def _first_problem(
    key: RecordKey, same_key: Sequence[Record], companies: frozenset[str]
) -> Problem | None:
    if not is_permitted_company(companies, key.company_code):
        message = f"this consumer may not submit records of company {key.company_code}"
        return Problem(ProblemCode.COMPANY_NOT_PERMITTED, "company_code", message)
    if len(same_key) > 1:
        message = f"{len(same_key)} differing records of this submission carry this key"
        return Problem(ProblemCode.DUPLICATE_KEY, "number", message)
    return next(iter(problems_of(same_key[0])), None)


def _result(key: RecordKey, outcome: Outcome, problem: Problem | None) -> RecordResult:
    code = problem.code if problem else None
    message = problem.message if problem else None
    return RecordResult(key.company_code, key.number, outcome, code, message)


def _save_versions(
    session: Session, record_type: RecordType, fit: dict[RecordKey, Record], now: datetime
) -> dict[RecordKey, Outcome]:
    ids = ensure_records(session, fit)
    stored = contents_of(session, list(ids.values()), System.ERP)
    compared = compared_fields(session, record_type)
    outcomes, versions = {}, []
    for key, record in fit.items():
        content = encode_record(record)
        if stored.get(ids[key]) == (content, False):
            outcomes[key] = Outcome.UNCHANGED
            continue
        outcomes[key] = Outcome.ACCEPTED
        versions.append(
            NewVersion(
                record_id=ids[key],
                system=System.ERP,
                record_type=record_type,
                values=values_of(record),
                compared=compared,
                modified_at=now,
                known_at=now,
                content=content,
            )
        )
    save_versions(session, versions)
    return outcomes


def _unknown_customers(session: Session, fit: dict[RecordKey, Record]) -> dict[RecordKey, Problem]:
    named = {
        key: record.customer_number
        for key, record in fit.items()
        if hasattr(record, "customer_number")
    }
    known = known_customers(session, named.values()) if named else set()
    return {
        key: Problem(
            ProblemCode.CUSTOMER_UNKNOWN,
            "customer_number",
            f"held until customer {number} is submitted",
            rejects=False,
        )
        for key, number in named.items()
        if number not in known
    }
