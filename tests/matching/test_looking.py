"""Looking before writing: what others do meanwhile, and what is not done again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.matching import looking
from bridge.matching.finding import Found, LinkSummary, Sides, find_links
from bridge.matching.looking import keep, looked
from bridge.matching.proposing import Matcher
from bridge.matching.settings import MatchingSettings
from bridge.store.models import LinkStatus
from bridge.store.proposals import proposals, settle
from tests.builders import crm_record, customer
from tests.storing import save_crm, save_erp

MATCHER = Matcher(MatchingSettings(scored=False))
ACCOUNT = "001000000000001AAA"


@dataclass
class Matching:
    """Counts how often customers are matched, and lets others write while they are."""

    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    times: int = 0

    def __call__(self, sides: Sides, matcher: Matcher) -> Found:
        self.times += 1
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return find_links(sides, matcher)


@pytest.fixture
def matching(monkeypatch: pytest.MonkeyPatch) -> Matching:
    one = Matching()
    monkeypatch.setattr(looking, "find_links", one)
    return one


@pytest.fixture(autouse=True)
def both_sides(sessions: sessionmaker[Session]) -> None:
    """C1 may be the Account of another name."""
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, crm_record(customer(name="Other"), erp_key=None, salesforce_id=ACCOUNT))


@dataclass
class Runs:
    """Runs that link, one after the other."""

    sessions: sessionmaker[Session]
    now: datetime
    last: LinkSummary | None = None

    def run(self, matcher: Matcher = MATCHER) -> LinkSummary:
        def begin() -> AbstractContextManager[Session]:
            return self.sessions.begin()

        with looked(self.sessions, matcher, begin, before=self.last) as (session, look):
            self.last = keep(session, matcher, look, now=self.now)
        return self.last

    def statuses(self) -> dict[str, LinkStatus]:
        with self.sessions() as session:
            return {
                str(record.number): row.status for row, record in proposals(session, status=None)
            }

    def say_no(self) -> None:
        with self.sessions.begin() as session:
            ((row, _),) = proposals(session, status=LinkStatus.SUGGESTED)
            settle(session, row.id, status=LinkStatus.REJECTED, by="ada", reason="", now=self.now)


@pytest.fixture
def runs(sessions: sessionmaker[Session], now: datetime) -> Runs:
    return Runs(sessions, now)


def submit(runs: Runs, number: str, **changes: object) -> None:
    with runs.sessions.begin() as session:
        save_erp(session, customer(number=number, **changes))


def test_others_write_meanwhile(runs: Runs, matching: Matching) -> None:
    """Nobody waits for the matching; a customer that came during it is looked for as well."""
    matching.meanwhile = [lambda: submit(runs, "C2", tax_number="DE987654321")]
    with runs.sessions.begin() as session:
        other = customer(tax_number="DE987654321", email=None, website=None)
        save_crm(session, crm_record(other, erp_key=None, salesforce_id="001000000000002AAA"))
    assert (runs.run().linked, matching.times) == (1, 2)
    assert runs.statuses() == {"C1": LinkStatus.SUGGESTED, "C2": LinkStatus.LINKED}


def test_customers_that_keep_changing(runs: Runs, matching: Matching) -> None:
    """The third time nobody may write until all is done."""
    matching.meanwhile = [lambda: submit(runs, "C2"), lambda: submit(runs, "C3", name="Other")]
    assert (runs.run().linked, matching.times) == (0, 3)
    assert list(runs.statuses().values()) == [LinkStatus.SUGGESTED]


def test_a_no_that_is_said_meanwhile(runs: Runs, matching: Matching) -> None:
    """It stands, whatever was found before it."""
    runs.run()
    submit(runs, "C2", tax_number=None, email=None, website=None)
    matching.meanwhile = [runs.say_no]
    assert runs.run().suggested == 0
    assert runs.statuses() == {"C1": LinkStatus.REJECTED}


def test_an_account_that_changed_hands_meanwhile(runs: Runs, matching: Matching) -> None:
    """It is not proposed any more."""

    def take() -> None:
        with runs.sessions.begin() as session:
            save_crm(session, crm_record(customer(number="C9"), salesforce_id=ACCOUNT))

    matching.meanwhile = [take]
    assert (runs.run().suggested, runs.statuses(), matching.times) == (0, {}, 2)


def test_an_account_that_came_meanwhile(runs: Runs, matching: Matching) -> None:
    """It is no reason to begin anew: the next run finds it."""

    def enter() -> None:
        with runs.sessions.begin() as session:
            one = crm_record(customer(), erp_key=None, salesforce_id="001000000000002AAA")
            save_crm(session, one)

    matching.meanwhile = [enter]
    assert (runs.run().suggested, matching.times) == (1, 1)
    runs.run()
    with runs.sessions() as session:
        ((row, _),) = proposals(session, status=LinkStatus.SUGGESTED)
    assert (matching.times, "could be it as well" in row.why) == (2, True)


def test_nothing_is_matched_twice(runs: Runs, matching: Matching) -> None:
    """While nothing changes the suggestion waits, and is told as before."""
    first = runs.run()
    assert (first.suggested, runs.run(), matching.times) == (1, first, 1)


@pytest.mark.parametrize("change", ["customer", "account", "settings", "no", "forgotten"])
def test_what_is_a_reason_to_match_again(runs: Runs, matching: Matching, change: str) -> None:
    """Customers, Accounts, settings, a no, and suggestions that are no longer there."""
    runs.run()
    matcher = MATCHER
    if change == "customer":
        submit(runs, "C1", phone="+49 30 99")
    elif change == "account":
        with runs.sessions.begin() as session:
            one = customer(name="Another", phone=None)
            save_crm(session, crm_record(one, erp_key=None, salesforce_id=ACCOUNT))
    elif change == "settings":
        less = MATCHER.settings.model_copy(update={"margin_bits": 4})
        matcher = replace(MATCHER, settings=less)
    elif change == "no":
        runs.say_no()
    else:
        with runs.sessions.begin() as session:
            for row, _ in proposals(session, status=None):
                session.delete(row)
    runs.run(matcher)
    assert matching.times == 2


def test_switched_off(runs: Runs, matching: Matching) -> None:
    """Nothing is looked at, and suggestions of before are withdrawn."""
    runs.run()
    off = replace(MATCHER, settings=MATCHER.settings.model_copy(update={"enabled": False}))
    submit(runs, "C2")
    assert (runs.run(off).suggested, runs.statuses()) == (0, {})
