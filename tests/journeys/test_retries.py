"""Callers that time out repeat their calls all at once: nothing is booked twice.

Over HTTP, against the server as it is started, with workers in one process and in two.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.consumer import ServiceConsumer
from bridge.demo.processes import lay_out, running_bridge
from bridge.domain.records import Invoice, System
from bridge.operations.consumers import create_consumer
from bridge.operations.submissions import Outcome, Receipt
from bridge.store.models import Submission, Version
from tests.builders import invoice

CALLERS, MESSAGES, RECORDS = 20, 50, 3

Sessions = sessionmaker[Session]


@contextmanager
def serving(database_url: str, folder: Path, workers: int) -> Iterator[str]:
    """A running bridge without jobs, on a migrated database: its URL."""
    place = lay_out(folder, database_url)
    environment = place.environment | {"ERP_BRIDGE_SERVER__WORKERS": str(workers)}
    without_jobs = {name: value for name, value in environment.items() if "SALESFORCE" not in name}
    with running_bridge(replace(place, environment=without_jobs), every_seconds=3600):
        yield place.bridge_url


def message(number: int) -> list[Invoice]:
    """The records of a message."""
    return [invoice(number=f"{number}-{n}") for n in range(RECORDS)]


@pytest.mark.parametrize(
    ("database_url", "workers"),
    [("sqlite", 1), ("sqlite", 2), ("postgresql", 2)],
    indirect=["database_url"],
)
def test_the_same_messages_from_many_callers_are_booked_once(
    database_url: str, sessions: Sessions, tmp_path: Path, workers: int
) -> None:
    """Twenty callers send the same fifty messages at once: each is applied once.

    Of a message's receipts one is not replayed, the others are, and say the same to the instant.
    """
    secret = create_consumer(sessions, name="erp", now=datetime.now(UTC))
    together = Barrier(CALLERS)

    def call(caller: int) -> list[Receipt]:
        order = [(n + caller // 2) % MESSAGES for n in range(MESSAGES)]  # two and two in step
        with closing(ServiceConsumer(url, "erp", secret, attempts=1)) as consumer:
            together.wait()
            return [consumer.submit(f"m{number}", message(number)) for number in order]

    with (
        serving(database_url, tmp_path, workers) as url,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        receipts = [one for found in pool.map(call, range(CALLERS)) for one in found]

    by_message: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        by_message[receipt.message_id].append(receipt)
    assert len(by_message) == MESSAGES
    for of_message in by_message.values():
        assert sorted(one.replayed for one in of_message) == [False] + [True] * (CALLERS - 1)
        assert len({replace(one, replayed=False) for one in of_message}) == 1
        assert {one.outcome for one in of_message[0].results} == {Outcome.ACCEPTED}
    assert_applied_once(sessions, {of[0].received_at for of in by_message.values()})


def assert_applied_once(sessions: Sessions, received: set[datetime]) -> None:
    """A submission per message, a version per record, none of them written or told again."""
    erp = Version.system == System.ERP
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == MESSAGES
        assert session.scalar(select(func.count()).where(erp)) == MESSAGES * RECORDS
        known = set(session.scalars(select(Version.known_at).where(erp)))
        modified = set(session.scalars(select(Version.modified_at).where(erp)))
    assert known == modified == received
