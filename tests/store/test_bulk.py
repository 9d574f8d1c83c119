"""Rows that are written many at once."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordKey, RecordType, System
from bridge.store.bulk import insert_missing, update_columns, upsert
from bridge.store.models import Version
from bridge.store.records import ensure_records

Sessions = sessionmaker[Session]
KEY = ("record_id", "system")
AT = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


def row(record_id: int, **changes: Any) -> dict[str, Any]:
    """A version's row, with a value of each kind."""
    plain = {
        "record_id": record_id,
        "system": System.ERP,
        "digest": bytes(range(16)),
        "content": '{"name":"it\'s \\"größer\\" 漢字 🚲","phone":"%s %b {} \\\\"}',
        "deleted": False,
        "partial": False,
        "modified_at": AT,
        "known_at": AT.astimezone(timezone(timedelta(hours=5, minutes=30))),
        "crm_key": None,
        "customer_number": "C1",
        "currency": "EUR",
        "period": "2026-03",
        "amount": Decimal("-12345678901234.5678"),
        "net_amount": Decimal(0),
        "tax_amount": None,
        "open_amount": Decimal("0.5"),
    }
    return plain | changes


@pytest.fixture
def ids(sessions: Sessions) -> list[int]:
    """Ids of records that have no version yet."""
    keys = [RecordKey(RecordType.INVOICE, "1000", f"N{number}") for number in range(700)]
    with sessions.begin() as session:
        return sorted(ensure_records(session, keys).values())


def stored(sessions: Sessions) -> list[dict[str, Any]]:
    """All versions as rows, by record."""
    with sessions() as session:
        versions = session.scalars(select(Version).order_by(Version.record_id)).all()
    return [{name: getattr(one, name) for name in row(0)} for one in versions]


def test_values_come_back_as_they_were(sessions: Sessions, ids: list[int]) -> None:
    """Texts, amounts, instants, codes, bytes and absent values are written exactly."""
    rows = [
        row(ids[0]),
        row(ids[1], deleted=True, crm_key="", tax_amount=Decimal(1), customer_number=None),
        row(ids[2], known_at=AT + timedelta(days=1), digest=b"\x00" * 16, content=""),
    ]
    with sessions.begin() as session:
        upsert(session, Version, rows, key=KEY)
    assert stored(sessions) == rows
    for one in rows:  # one alone travels in another way
        with sessions.begin() as session:
            upsert(session, Version, [row(one["record_id"], content="other")], key=KEY)
            upsert(session, Version, [one], key=KEY)
        assert stored(sessions) == rows


def test_what_is_there_is_replaced(sessions: Sessions, ids: list[int]) -> None:
    """A row of the same key takes the place of the older one, in the database and in the call."""
    with sessions.begin() as session:
        upsert(session, Version, [row(one) for one in ids], key=KEY)
        later = [row(one, content="later", amount=None) for one in ids[1:]]
        upsert(session, Version, [row(ids[1], content="earlier"), *later], key=KEY)
    assert stored(sessions) == [row(ids[0]), *later]


def test_what_is_there_stays(sessions: Sessions, ids: list[int]) -> None:
    """Only what is missing is inserted."""
    with sessions.begin() as session:
        insert_missing(session, Version, [row(ids[0], content="first")])
        insert_missing(session, Version, [row(one) for one in (ids[0], ids[1], ids[1])])
    assert stored(sessions) == [row(ids[0], content="first"), row(ids[1])]


def test_columns_may_be_left_out(sessions: Sessions, ids: list[int]) -> None:
    """They are empty, or what the table's model says."""
    names = KEY + tuple("digest content modified_at known_at currency period".split())
    plain = row(ids[0])
    with sessions.begin() as session:
        insert_missing(session, Version, [{name: plain[name] for name in names}])
    (found,) = stored(sessions)
    assert found == dict.fromkeys(plain) | {name: plain[name] for name in names} | {
        "deleted": False,
        "partial": False,
    }


def test_no_rows_are_no_statement(sessions: Sessions) -> None:
    """There is nothing to do, and nothing fails."""
    with sessions.begin() as session:
        upsert(session, Version, [], key=KEY)
        insert_missing(session, Version, [])
    assert stored(sessions) == []


def test_a_text_is_never_cut(sessions: Sessions, ids: list[int]) -> None:
    """PostgreSQL refuses a text that is longer than its column; SQLite keeps all of it."""
    with sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            with pytest.raises(DataError):
                upsert(session, Version, [row(ids[0], customer_number="x" * 61)], key=KEY)
            return
        upsert(session, Version, [row(ids[0], customer_number="x" * 61)], key=KEY)
        assert session.scalar(select(Version.customer_number)) == "x" * 61


def test_columns_are_set_in_the_rows_that_are_named(sessions: Sessions, ids: list[int]) -> None:
    """Each row gets its own values; others, and other columns, stay."""
    with sessions.begin() as session:
        upsert(session, Version, [row(one) for one in ids[:3]], key=KEY)
        given = {"record_id": ids[:2], "crm_key": ["a'\\b", None], "amount": [None, Decimal("1.5")]}
        update_columns(session, Version, given, key="record_id")
    first, second, third = (row(one) for one in ids[:3])
    first |= {"crm_key": "a'\\b", "amount": None}
    second |= {"crm_key": None, "amount": Decimal("1.5")}
    assert stored(sessions) == [first, second, third]
