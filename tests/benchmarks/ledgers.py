"""A store full of invoices that agree, the same as two plain tables, and differences for both.

The tables are what other tools compare: whole numbers as keys, amounts in ten-thousandths, so that
nothing slows those tools down that they would not meet in somebody else's database.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session

from bridge.app import Application, utc_now
from bridge.domain.comparison import digest_each
from bridge.domain.content import encode_records
from bridge.domain.records import (
    Field,
    Invoice,
    Record,
    RecordType,
    key_of,
    record_type_of,
)
from bridge.domain.survivorship import Rules
from bridge.domain.totals import key_hash
from bridge.settings import load_settings
from bridge.store import models
from bridge.store.bulk import insert_missing
from bridge.store.engine import upgrade_schema
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.statements import is_sqlite
from bridge.store.versions import Told, save_told
from tests.benchmarks.samples import customer, invoice

T = TypeVar("T")
AT = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS = 5_000
_CHUNK = 5_000


class Planted(Enum):
    """What is different of an invoice: of ten that differ, eight, one and one."""

    AMOUNT = "the CRM holds another amount"
    NOT_IN_CRM = "the CRM never had it"
    GONE_FROM_ERP = "the ERP has it no longer"


@dataclass(frozen=True)
class Ledger:
    """A store; record n + 1 is the n-th invoice, customers come behind them."""

    application: Application

    @property
    def rules(self) -> Rules:
        """How invoices are compared."""
        return self.application.rules[RecordType.INVOICE]


def open_ledger(url: str) -> Ledger:
    """The store at a database URL, as jobs open it."""
    environment = {
        "ERP_BRIDGE_DATABASE__URL": url,
        "ERP_BRIDGE_SALESFORCE__LOGIN_URL": "http://127.0.0.1:9",
        "ERP_BRIDGE_SALESFORCE__AUTH": "client_credentials",
        "ERP_BRIDGE_SALESFORCE__CLIENT_ID": "nobody",
        "ERP_BRIDGE_SALESFORCE__CLIENT_SECRET": "is called",
    }
    settings = load_settings(environment=environment)
    return Ledger(Application(settings))


def fill(ledger: Ledger, size: int) -> None:
    """Makes the schema, and puts all invoices in: all three versions are the same."""
    application = ledger.application
    upgrade_schema(application.engine)
    application.prepare_database()
    customers = application.rules[RecordType.CUSTOMER].compared
    with application.sessions.begin() as session:
        if not is_sqlite(session):  # the digests of records are filled in here, not by triggers
            session.execute(text("SET LOCAL session_replication_role = replica"))
        _save_all(session, map(document, range(size)), ledger.rules.compared, first_id=1)
        _save_all(session, map(customer, range(CUSTOMERS)), customers, first_id=size + 1)
        session.execute(_COPY_VERSIONS, [{"system": one} for one in ("CRM", "AGREED")])
        run_id = start_run(session, job="fetch", now=utc_now())
        finish_run(session, run_id, Ending(status=models.RunStatus.SUCCEEDED), now=utc_now())
        _make_tables(session)
    tidy(application.engine)


def tidy(engine: Engine) -> None:
    """What either database does by itself in time: SQLite's checkpoint, PostgreSQL's vacuum."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
            autocommit.execute(text("VACUUM ANALYZE"))


def document(n: int) -> Invoice:
    """The n-th invoice, of one of three companies, in one of three currencies and twelve months."""
    return replace(
        invoice(n),
        company_code=f"{1000 + n % 3}",
        customer_number=f"C{n % CUSTOMERS}",
        issued_on=date(2025, 1 + n % 12, 1 + n % 28),
        due_on=date(2026, 1 + n % 12, 1 + n % 28),
        currency=("EUR", "USD", "GBP")[n // 7 % 3],
        purchase_order=f"PO {n}",
    )


def planted(n: int) -> Planted:
    """What becomes of the n-th invoice, where it is one of those that shall differ."""
    return {0: Planted.NOT_IN_CRM, 1: Planted.GONE_FROM_ERP}.get(n // 1000 % 10, Planted.AMOUNT)


def plant(ledger: Ledger, numbers: Sequence[int]) -> None:
    """Makes these invoices differ, which agreed."""
    by_kind: dict[Planted, list[int]] = {kind: [] for kind in Planted}
    for n in numbers:
        by_kind[planted(n)].append(n)
    with ledger.application.sessions.begin() as session:
        for some in _chunks(by_kind[Planted.AMOUNT]):
            session.execute(_VERSION_AMOUNT, _with_other_amounts(some, ledger.rules.compared))
            session.execute(_TABLE_AMOUNT, [{"id": n + 1} for n in some])
        for kind, statements in _PLANTING.items():
            for statement in statements if by_kind[kind] else ():
                session.execute(statement, [{"id": n + 1} for n in by_kind[kind]])
    tidy(ledger.application.engine)


def forget_runs(ledger: Ledger) -> None:
    """Takes back what comparing wrote, so that the next one finds as much to write."""
    with ledger.application.sessions.begin() as session:
        for table in (models.Outbox, models.Break):
            session.execute(delete(table))


def _with_other_amounts(numbers: Sequence[int], compared: Sequence[Field]) -> list[dict[str, Any]]:
    plain = map(document, numbers)
    others = [replace(one, gross_amount=one.gross_amount + Decimal("0.01")) for one in plain]
    made = zip(numbers, digest_each(compared, others), encode_records(others), strict=True)
    return [{"id": n + 1, "digest": digest, "content": content} for n, digest, content in made]


def _save_all(
    session: Session, records: Iterable[Record], compared: Sequence[Field], *, first_id: int
) -> None:
    for some in _chunks(enumerate(records, start=first_id)):
        ids, ones = zip(*some, strict=True)
        rows = list(map(_record_row, ids, ones, digest_each(compared, ones)))
        insert_missing(session, models.Record, rows)
        told = dict(zip(ids, map(Told, ones, encode_records(ones)), strict=True))
        save_told(session, told, record_type=record_type_of(ones[0]), compared=compared, now=AT)


def _record_row(record_id: int, record: Record, digest: bytes) -> dict[str, object]:
    key = key_of(record)
    return {
        "id": record_id,
        "record_type": key.record_type,
        "company_code": key.company_code,
        "number": key.number,
        "salesforce_id": f"a01{record_id:015}",
        "key_hash": key_hash(str(key)),
        "crm_digest": digest,
        "agreed_digest": digest,
    }


def _make_tables(session: Session) -> None:
    for table, system in _TABLES.items():
        session.execute(text(_CREATE_TABLE.format(table=table)))
        session.execute(text(_FILL_TABLE.format(table=table)), {"system": system})


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, _CHUNK)):
        yield some


_SAME = (
    "digest, content, deleted, partial, modified_at, known_at, key_pending, period, "
    "customer_number, due_on, currency, amount, net_amount, tax_amount, open_amount"
)
_KEY = "CASE WHEN company_code = '' THEN number ELSE company_code || '/' || number END"
_COPY_VERSIONS = text(
    f"""INSERT INTO version (record_id, system, crm_key, {_SAME})
        SELECT record_id, CAST(:system AS VARCHAR), CASE :system WHEN 'CRM' THEN {_KEY} END, {_SAME}
        FROM version JOIN record ON record.id = record_id WHERE system = 'ERP'"""
)
_TABLES = {"erp_invoice": "ERP", "crm_invoice": "CRM"}
COLUMNS = (
    *("company_code", "number", "customer_number", "period", "due_on", "currency"),
    *("amount", "net_amount", "tax_amount", "open_amount", "status", "purchase_order"),
)
"""Those of the plain tables, without the key."""
_CREATE_TABLE = """
    CREATE TABLE {table} (
        id INTEGER PRIMARY KEY, company_code VARCHAR(20), number VARCHAR(60),
        customer_number VARCHAR(60), period VARCHAR(7), due_on DATE, currency VARCHAR(3),
        amount BIGINT, net_amount BIGINT, tax_amount BIGINT, open_amount BIGINT,
        status VARCHAR(20), purchase_order VARCHAR(60)
    )
"""
_FILL_TABLE = """
    INSERT INTO {table}
    SELECT record_id, company_code, number, customer_number, period, due_on, currency,
        amount, net_amount, tax_amount, open_amount, 'OPEN', 'PO ' || (record_id - 1)
    FROM version JOIN record ON record.id = record_id
    WHERE system = :system AND record_type = 'INVOICE'
"""
_VERSION_AMOUNT = text(
    "UPDATE version SET digest = :digest, content = :content, amount = amount + 100"
    " WHERE record_id = :id AND system = 'CRM'"
)
_TABLE_AMOUNT = text("UPDATE crm_invoice SET amount = amount + 100 WHERE id = :id")
_PLANTING = {
    Planted.NOT_IN_CRM: [
        text("DELETE FROM version WHERE record_id = :id AND system <> 'ERP'"),
        text("UPDATE record SET salesforce_id = NULL WHERE id = :id"),
        text("DELETE FROM crm_invoice WHERE id = :id"),
    ],
    Planted.GONE_FROM_ERP: [
        text("UPDATE version SET deleted = true WHERE record_id = :id AND system = 'ERP'"),
        text("DELETE FROM erp_invoice WHERE id = :id"),
    ],
}
