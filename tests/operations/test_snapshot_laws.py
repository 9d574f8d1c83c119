"""Whatever is submitted and closed in whatever order: only what the ERP left out is gone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Invoice, RecordType, System
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import (
    CurrencyTotal,
    SnapshotDiffers,
    SnapshotNotBelieved,
    begin_snapshot,
    close_snapshot,
)
from bridge.store.engine import open_engine, session_factory
from bridge.store.models import Record, Version
from bridge.store.settings import DatabaseSettings
from tests.builders import EARLY, invoice
from tests.operations.test_submissions import submit

LENIENT = SnapshotSettings(refuse_below_share=Decimal(0))


@dataclass(frozen=True)
class Submits:
    """The ERP sends invoices (number, gross, whether it is fit), in its open snapshot or not."""

    invoices: tuple[tuple[int, int, bool], ...]
    inside: bool


@dataclass(frozen=True)
class Begins:
    """The ERP begins a snapshot of what it held some steps ago."""

    steps_ago: int


@dataclass(frozen=True)
class Closes:
    """The ERP closes its snapshot, by totals that are so much off."""

    off_by: int


SUBMITTED = st.tuples(st.integers(1, 5), st.integers(-9, 9), st.integers(0, 3).map(bool))
STEPS = st.lists(
    st.one_of(
        st.builds(Submits, st.lists(SUBMITTED, min_size=1, max_size=4).map(tuple), st.booleans()),
        st.builds(Begins, st.integers(0, 4)),
        st.builds(Closes, st.sampled_from([0, 0, 0, 1])),
    ),
    max_size=20,
)


@dataclass
class Model:
    """What must come of it: who is alive, when each was last told, who is in the open snapshot."""

    alive: set[str] = field(default_factory=set)
    told_at: dict[str, datetime] = field(default_factory=dict)
    snapshot_id: str | None = None
    as_of: datetime = EARLY
    members: dict[str, Decimal] = field(default_factory=dict)

    def missing(self) -> set[str]:
        """Those that the snapshot leaves out."""
        return {
            one for one in self.alive if one not in self.members and self.told_at[one] < self.as_of
        }


@settings(max_examples=150)
@given(STEPS)
def test_only_what_a_snapshot_leaves_out_is_gone(template: Path, steps: list[Any]) -> None:
    """Never a member, stored or rejected; never what was told since; and all of the others."""
    with fresh_sessions(template) as sessions:
        model = Model()
        for number, step in enumerate(steps):
            now = EARLY + timedelta(minutes=number)
            play(sessions, model, step, number, now)
            assert living(sessions) == model.alive


@pytest.fixture(scope="module")
def template(migrated_file: Path) -> Path:
    """A migrated database file, copied for each example."""
    return migrated_file


@contextmanager
def fresh_sessions(template: Path) -> Iterator[sessionmaker[Session]]:
    with TemporaryDirectory() as folder:
        shutil.copy(template, f"{folder}/bridge.db")
        engine = open_engine(DatabaseSettings(url=f"sqlite:///{folder}/bridge.db"))
        yield session_factory(engine)
        engine.dispose()


def play(
    sessions: sessionmaker[Session], model: Model, step: Any, number: int, now: datetime
) -> None:
    match step:
        case Submits():
            submits(sessions, model, step, number, now)
        case Begins():
            begins(sessions, model, now, now - timedelta(minutes=step.steps_ago))
        case Closes() if model.snapshot_id is not None:
            closes(sessions, model, model.snapshot_id, step.off_by, now)


def submits(
    sessions: sessionmaker[Session], model: Model, step: Submits, number: int, now: datetime
) -> None:
    records = [sent(*one) for one in step.invoices]
    inside = step.inside and model.snapshot_id is not None
    submit(
        sessions,
        *records,
        message_id=f"m{number}",
        snapshot_id=model.snapshot_id if inside else None,
        now=now,
    )
    for record in records:
        same_key = [one for one in records if one.number == record.number]
        if all(one == record for one in same_key) and record.purchase_order is None:
            model.alive.add(record.number)
            model.told_at[record.number] = now
        if inside:
            distinct = [one for at, one in enumerate(same_key) if one not in same_key[:at]]
            model.members[record.number] = distinct[-1].gross_amount


def begins(sessions: sessionmaker[Session], model: Model, now: datetime, as_of: datetime) -> None:
    begun = begin_snapshot(
        sessions,
        consumer=Consumer("erp"),
        record_type=RecordType.INVOICE,
        company_code="1000",
        as_of=as_of,
        settings=LENIENT,
        now=now,
    )
    assert begun.superseded == model.snapshot_id
    model.snapshot_id, model.as_of, model.members = begun.snapshot_id, as_of, {}


def closes(
    sessions: sessionmaker[Session], model: Model, snapshot_id: str, off_by: int, now: datetime
) -> None:
    arguments: dict[str, Any] = {
        "consumer": Consumer("erp"),
        "snapshot_id": snapshot_id,
        "count": len(model.members),
        "totals": [CurrencyTotal("EUR", sum(model.members.values(), Decimal(off_by)))],
        "settings": LENIENT,
    }
    if off_by:
        with pytest.raises(SnapshotDiffers):
            close_snapshot(sessions, **arguments, now=now)
        return
    if not model.members and model.missing():
        with pytest.raises(SnapshotNotBelieved):
            close_snapshot(sessions, **arguments, now=now)
        return
    closed = close_snapshot(sessions, **arguments, now=now)
    assert closed.gone == len(model.missing())
    model.alive -= model.missing()
    model.snapshot_id = None
    again = close_snapshot(sessions, **arguments, now=now + timedelta(days=1))
    assert (again.gone, again.closed_at, again.replayed) == (closed.gone, now, True)


def sent(number: int, gross: int, fit: bool) -> Invoice:
    """An invoice; an unfit one has a text that no XML carries."""
    return invoice(
        number=f"I{number}",
        gross_amount=Decimal(gross),
        purchase_order=None if fit else "\x00",
    )


def living(sessions: sessionmaker[Session]) -> set[str]:
    with sessions() as session:
        query = (
            select(Record.number)
            .join(Version, Version.record_id == Record.id)
            .where(Version.system == System.ERP, Version.deleted.is_(False))
        )
        return {number for number in session.scalars(query) if number}
