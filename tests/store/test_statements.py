"""What both databases do with many values at once."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordKey, RecordType
from bridge.store.models import Record
from bridge.store.records import ensure_records
from bridge.store.statements import one_of

Sessions = sessionmaker[Session]
ODD = ["1", "01", "it's", 'a "b"', "漢字 🚲", "é", "a,b", "{}", "\\", "x" * 60]


@pytest.fixture
def ids(sessions: Sessions) -> dict[str, int]:
    """Records of odd numbers: number -> id."""
    with sessions.begin() as session:
        keys = [RecordKey(RecordType.INVOICE, "1000", number) for number in ODD]
        return {key.number: id for key, id in ensure_records(session, keys).items()}


@pytest.mark.parametrize("wanted", [[], ODD[:1], ODD, [*ODD[2:], "absent"], ["x" * 61, "1 ", "É"]])
def test_a_text_is_one_of_many(sessions: Sessions, ids: dict[str, int], wanted: list[str]) -> None:
    """Texts are compared letter by letter, whatever they hold and however many they are."""
    with sessions() as session:
        query = select(Record.number).where(one_of(Record.number, wanted))
        assert set(session.scalars(query)) == set(wanted) & set(ids)


def test_a_number_is_one_of_many(sessions: Sessions, ids: dict[str, int]) -> None:
    """Whole numbers are compared too, more of them than a statement has parameters."""
    wanted = [*list(ids.values())[1:], *range(10**15, 10**15 + 100_000)]
    with sessions() as session:
        query = select(Record.id).where(one_of(Record.id, wanted))
        assert set(session.scalars(query)) == set(wanted[: len(ids) - 1])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_index_finds_what_is_one_of_many(sessions: Sessions) -> None:
    """SQLite goes to each of them, and does not look at all rows."""
    with sessions() as session:
        query = select(Record.id).where(one_of(Record.id, [1, 2]), Record.number == "1")
        written = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {written}")).all()
        assert plan[0].detail.startswith("SEARCH record USING INTEGER PRIMARY KEY"), plan
