"""An ERP submits records: validated, stored and answered in one local transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.content import encode_records
from bridge.domain.records import Record, RecordKey, RecordType, System, key_of
from bridge.domain.validation import Problem, ProblemCode, problems_of_each
from bridge.operations.credentials import Consumer
from bridge.operations.digest import payload_digest
from bridge.operations.rights import is_permitted_company
from bridge.operations.snapshots import enter_snapshot, join_snapshot
from bridge.store.comparison import compared_fields
from bridge.store.engine import reading
from bridge.store.models import Submission
from bridge.store.records import known_customers, locate_records
from bridge.store.submissions import claim_submission, find_submission, store_results
from bridge.store.versions import Told, contents_of, save_told, touch_versions
from bridge.wording import in_utc


class MessageIdReused(BridgeError):
    """A message id came again with another payload."""


class UnknownMessageId(BridgeError):
    """No submission of this consumer has this message id."""


class Outcome(StrEnum):
    """What became of a record."""

    ACCEPTED = "ACCEPTED"
    UNCHANGED = "UNCHANGED"
    REJECTED = "REJECTED"


class RecordResult(NamedTuple):
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
    consumer: Consumer,
    message_id: str,
    record_type: RecordType,
    records: Sequence[Record],
    snapshot_id: str | None = None,
    now: datetime,
) -> Receipt:
    """Stores a consumer's records and answers with one result per key, in order of appearance.

    A record of a company that the consumer's rights do not name is rejected, and so is one that
    does not belong to the snapshot that it is told in. The same message id with the same records
    and snapshot gives the stored receipt again. Raises MessageIdReused where they are others, and
    what `join_snapshot` does.
    """
    told = list(map(Told, records, encode_records(records)))
    digest = payload_digest([one.content for one in told], snapshot_id)
    by_key = _by_key(told)
    problems = _problems(by_key, consumer.rights.company_codes)
    with sessions.begin() as session:
        submission_id = claim_submission(
            session,
            consumer=consumer.name,
            message_id=message_id,
            record_type=record_type,
            payload_digest=digest,
            now=now,
        )
        if submission_id is None:
            stored = find_submission(session, consumer=consumer.name, message_id=message_id)
            assert stored is not None, "a taken message id has its submission"
            return _replay(stored, record_type, digest)
        if snapshot_id is not None:
            snapshot = join_snapshot(session, consumer=consumer, snapshot_id=snapshot_id)
            last = {key: same_key[-1].record for key, same_key in by_key.items()}
            problems |= enter_snapshot(session, snapshot, last)
        results = _save(session, record_type, by_key, problems, now)
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
            f"message id {stored.message_id!r} was used on {in_utc(stored.received_at)}"
            " for another payload: take a new message id for new records"
        )
    return _receipt(stored)


def _receipt(stored: Submission) -> Receipt:
    results = tuple(_decode_result(*plain) for plain in json.loads(stored.results))
    return Receipt(stored.message_id, stored.received_at, replayed=True, results=results)


def _encode_results(results: Sequence[RecordResult]) -> str:
    return json.dumps(results, ensure_ascii=False, separators=(",", ":"))


def _decode_result(company_code: str, number: str, outcome: str, *problem: str) -> RecordResult:
    return RecordResult(company_code, number, Outcome(outcome), *problem)


def _save(
    session: Session,
    record_type: RecordType,
    records: Mapping[RecordKey, Sequence[Told]],
    problems: dict[RecordKey, Problem],
    now: datetime,
) -> list[RecordResult]:
    fit = {
        key: same_key[0]
        for key, same_key in records.items()
        if key not in problems or not problems[key].rejects
    }
    warnings = problems | _unknown_customers(session, fit)  # being held matters more
    outcomes = _save_versions(session, record_type, fit, now)
    return [_result(key, outcomes.get(key, Outcome.REJECTED), warnings.get(key)) for key in records]


def _by_key(records: Iterable[Told]) -> dict[RecordKey, list[Told]]:
    """The distinct records of each key, in order of appearance."""
    grouped: dict[RecordKey, list[Told]] = {}
    for one in records:
        same_key = grouped.setdefault(key_of(one.record), [])
        if one not in same_key:
            same_key.append(one)
    return grouped


def _problems(
    records: Mapping[RecordKey, Sequence[Told]], companies: frozenset[str]
) -> dict[RecordKey, Problem]:
    of_each = problems_of_each([same_key[0].record for same_key in records.values()])
    problems = {key: found[0] for key, found in zip(records, of_each, strict=True) if found}
    return problems | _problems_of_keys(records, companies)


def _problems_of_keys(
    records: Mapping[RecordKey, Sequence[Told]], companies: frozenset[str]
) -> dict[RecordKey, Problem]:
    found = {}
    for key, same_key in records.items():
        if not is_permitted_company(companies, key.company_code):
            message = f"this consumer may not submit records of company {key.company_code}"
            found[key] = Problem(ProblemCode.COMPANY_NOT_PERMITTED, "company_code", message)
        elif len(same_key) > 1:
            message = f"{len(same_key)} differing records of this submission carry this key"
            found[key] = Problem(ProblemCode.DUPLICATE_KEY, "number", message)
    return found


def _result(key: RecordKey, outcome: Outcome, problem: Problem | None) -> RecordResult:
    code = problem.code if problem else None
    message = problem.message if problem else None
    return RecordResult(key.company_code, key.number, outcome, code, message)


def _save_versions(
    session: Session, record_type: RecordType, fit: dict[RecordKey, Told], now: datetime
) -> dict[RecordKey, Outcome]:
    ids, made = locate_records(session, fit)
    known = [record_id for record_id in ids.values() if record_id not in made]
    stored = contents_of(session, known, System.ERP)
    compared = compared_fields(session, record_type)
    same = {key for key, told in fit.items() if stored.get(ids[key]) == (told.content, False)}
    news = {ids[key]: told for key, told in fit.items() if key not in same}
    save_told(session, news, record_type=record_type, compared=compared, now=now)
    touch_versions(session, [ids[key] for key in same], System.ERP, known_at=now)
    return {key: Outcome.UNCHANGED if key in same else Outcome.ACCEPTED for key in fit}


def _unknown_customers(session: Session, fit: dict[RecordKey, Told]) -> dict[RecordKey, Problem]:
    named = {
        key: record.customer_number
        for key, (record, _) in fit.items()
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
