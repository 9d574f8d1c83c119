"""Both sides change what they like, everything goes wrong, and in the end they agree.

A state machine plays an ERP, the users of a Salesforce, the jobs between them, and fate.
`make both-sides` plays for longer, and otherwise each time.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from bridge.domain.crm import CrmRecord
from bridge.domain.records import (
    Customer,
    RecordKey,
    RecordType,
)
from bridge.operations.audit import verify_audit
from bridge.store.models import RunStatus
from tests.builders import credit_memo, customer, invoice, payment
from tests.conftest import empty_tables
from tests.jobs.judging import Judgement
from tests.jobs.sides import Sides, build_sides
from tests.jobs.world import MAPPINGS, Clock

JOBS = ("fetch", "reconcile-customers", "reconcile-financials", "relay")
DOCUMENTS = {
    RecordType.INVOICE: invoice,
    RecordType.PAYMENT: payment,
    RecordType.CREDIT_MEMO: credit_memo,
}
CRM_NAMES = {field.name: field.path[0] for field in MAPPINGS[RecordType.CUSTOMER].fields}
SPOKEN = ("name", "phone", "website", "email", "billing_city", "credit_limit", "payment_terms")
MOST_ROUNDS = 12

WHO = st.integers(0, 5)
FEW = st.integers(0, 2)
SOME_DOCUMENT = st.sampled_from(sorted(DOCUMENTS))
LATE = st.sampled_from([0, 0, 0, 5, 60, 590])
STORM = st.none() | st.integers(1, 10_000)


class BothSides(RuleBasedStateMachine):
    """What may happen in any order, and what has to hold when all has come to rest."""

    start: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.sides: Sides = self.resources.enter_context(type(self).start())
        self.numbers = itertools.count(1)

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            problems = verify_audit(self.sides.world.sessions).problems
            assert not problems, problems
        finally:
            self.resources.close()

    def text(self, name: str) -> Any:
        """A value that nobody gave a field before."""
        number = next(self.numbers)
        match name:
            case "email":
                return f"n{number}@muster.example"
            case "website":
                return f"https://n{number}.example"
            case "phone":
                return f"+49 30 {100_000 + number}"
            case "credit_limit":
                return Decimal(number)
            case _:
                return f"{name} {number}"

    # the ERP

    @initialize()
    def first_customers(self) -> None:
        for number in range(3):
            self.sides.book(customer(number=f"C{number}"))

    @rule(who=WHO, name=st.sampled_from(SPOKEN), empty=st.sampled_from([False, False, True]))
    def erp_changes_a_customer(self, who: int, name: str, empty: bool) -> None:
        key = RecordKey(RecordType.CUSTOMER, "", f"C{who}")
        record = self.sides.books.get(key) or customer(number=f"C{who}")
        assert isinstance(record, Customer)
        value = None if empty and name != "name" else self.text(name)
        self.sides.book(replace(record, **{name: value}))

    @rule(kind=SOME_DOCUMENT, company=st.sampled_from(["1000", "2000"]), number=FEW, who=WHO)
    def erp_changes_a_document(self, kind: RecordType, company: str, number: int, who: int) -> None:
        amount = Decimal(next(self.numbers))
        changed = "amount" if kind is RecordType.PAYMENT else "gross_amount"
        record = DOCUMENTS[kind](
            company_code=company, number=f"N{number}", customer_number=f"C{who}"
        )
        self.sides.book(replace(record, **{changed: amount}))

    @rule(which=st.integers(0, 40))
    def erp_loses_a_record(self, which: int) -> None:
        keys = sorted(self.sides.books)
        key = keys[which % len(keys)]
        if sum(one[:2] == key[:2] for one in keys) > 1:
            self.sides.strike(key)

    @rule()
    def erp_says_it_again(self) -> None:
        self.sides.tell_again()

    @rule(apply=st.booleans(), submit=st.booleans(), acknowledge=st.booleans())
    def erp_takes_changes(self, apply: bool, submit: bool, acknowledge: bool) -> None:
        for record_type in RecordType:
            self.sides.take_changes(
                record_type, apply=apply, submit=submit, acknowledge=acknowledge
            )

    # Salesforce

    @rule(who=WHO, keyed=st.booleans())
    def user_enters_an_account(self, who: int, keyed: bool) -> None:
        fields = {"Name": self.text("name"), "Phone": self.text("phone")}
        self.sides.enter(
            RecordType.CUSTOMER, **fields, **({"ERP_Key__c": f"C{who}"} if keyed else {})
        )

    @rule(who=WHO, name=st.sampled_from(SPOKEN), late=LATE, empty=st.sampled_from([False, True]))
    def user_edits_an_account(self, who: int, name: str, late: int, empty: bool) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None:
            value = None if empty and name != "name" else str(self.text(name))
            self.sides.edit(
                RecordType.CUSTOMER, account.salesforce_id, late, **{CRM_NAMES[name]: value}
            )

    @rule(who=WHO, name=st.sampled_from(["phone", "email", "billing_city"]))
    def user_types_what_the_erp_says(self, who: int, name: str) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None and account.erp_key:
            record = self.sides.books.get(RecordKey(RecordType.CUSTOMER, "", account.erp_key))
            if record is not None:
                value = getattr(record, name)
                self.sides.edit(
                    RecordType.CUSTOMER, account.salesforce_id, 0, **{CRM_NAMES[name]: value}
                )

    @rule(who=WHO, change=st.sampled_from(["currency", "owner"]))
    def user_changes_currency_or_owner(self, who: int, change: str) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None:
            user = self.sides.world.crm.user_info().user_id if change == "owner" else ""
            fields = {"OwnerId": user} if change == "owner" else {"Currency_Code__c": "USD"}
            self.sides.edit(RecordType.CUSTOMER, account.salesforce_id, 0, **fields)

    @rule(kind=SOME_DOCUMENT, which=WHO, who=st.none() | WHO, late=LATE)
    def user_edits_a_document(
        self, kind: RecordType, which: int, who: int | None, late: int
    ) -> None:
        document = self._living(kind, which)
        if document is not None:
            account = None if who is None else self._living(RecordType.CUSTOMER, who)
            change: dict[str, str | None] = {"Currency_Code__c": "USD"}
            if account is not None:
                change = {"Account__c": account.salesforce_id}
            self.sides.edit(kind, document.salesforce_id, late, **change)

    @rule(kind=SOME_DOCUMENT)
    def user_enters_a_document(self, kind: RecordType) -> None:
        self.sides.enter(kind, Number__c=self.text("number"))

    @rule(kind=st.sampled_from(sorted(RecordType)), which=WHO, late=LATE)
    def user_deletes(self, kind: RecordType, which: int, late: int) -> None:
        record = self._living(kind, which)
        if record is not None:
            if record.modified_at > self.sides.clock() - timedelta(seconds=late):
                late = 0
            with self.sides.late(late):
                self.sides.delete(record.salesforce_id)

    @rule(kind=st.sampled_from(sorted(RecordType)), which=WHO)
    def user_undeletes(self, kind: RecordType, which: int) -> None:
        gone = [one for one in self.sides.crm_records(kind).values() if one.deleted]
        if gone:
            self.sides.undelete(gone[which % len(gone)].salesforce_id)

    @rule(winner=WHO, loser=WHO)
    def user_merges(self, winner: int, loser: int) -> None:
        one, other = (self._living(RecordType.CUSTOMER, who) for who in (winner, loser))
        if one is not None and other is not None and one.salesforce_id != other.salesforce_id:
            self.sides.merge(one, other)

    # the bridge, and time

    @rule(job=st.sampled_from(JOBS), seed=STORM)
    def job_runs(self, job: str, seed: int | None) -> None:
        self._run(job, seed)

    @rule(seed=STORM)
    def all_jobs_run(self, seed: int | None) -> None:
        for job in JOBS:
            self._run(job, seed)

    @rule(job=st.sampled_from(JOBS), step=st.integers(0, 30))
    def process_is_killed(self, job: str, step: int) -> None:
        self.sides.run_and_die(job, step)

    @rule()
    def process_is_started_again(self) -> None:
        self.sides.restart()

    @rule(seconds=st.sampled_from([1, 61, 3_600, 86_400, 8 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.sides.pass_time(seconds=seconds)

    @rule(chance=st.integers(1, 4))
    def all_comes_to_rest(self, chance: int) -> None:
        if chance == 4:
            self.come_to_rest()

    def _run(self, job: str, seed: int | None) -> None:
        report = self.sides.run(job, seed=seed)
        assert not report.summary.get("unexplained"), report
        if seed is None:
            fine = report.status is RunStatus.SUCCEEDED
            assert fine or "Salesforce" in (report.error or ""), report

    def _living(self, kind: RecordType, which: int) -> CrmRecord | None:
        found = [one for one in self.sides.crm_records(kind).values() if not one.deleted]
        return found[which % len(found)] if found else None

    # what has to hold

    def come_to_rest(self) -> None:
        for _ in range(MOST_ROUNDS):
            self.sides.pass_time(hours=2)
            left = self._round()
            if not left:
                break
        else:
            pytest.fail(f"the jobs find no rest: {left}")
        Judgement(self.sides).judge()
        self._listen_for_echoes()

    def _round(self) -> list[str]:
        """What was left to do."""
        done = []
        for job in JOBS:
            report = self.sides.run(job)
            assert report.status is RunStatus.SUCCEEDED, report
            summary = report.summary
            assert not summary.get("unexplained"), summary["unexplained"]
            done += [name for name in ("delivered", "overtaken", "merged") if summary.get(name)]
            for kind, found in summary.get("types", {}).items():
                if found["corrections"] or found["waiting"]:
                    done.append(f"{kind}: {found}")
            for kind, found in summary.get("records", {}).items():
                if found["changed"]:
                    done.append(f"{kind}: {found}")
        for kind in RecordType:
            if self.sides.take_changes(kind, apply=True, submit=True, acknowledge=True):
                done.append(f"{kind} to the ERP")
        return done

    def _listen_for_echoes(self) -> None:
        before = {kind: self.sides.crm_records(kind) for kind in RecordType}
        self.sides.clock.moment += timedelta(seconds=61)
        assert not self._round()
        calls = [self.sides.run(job).summary["salesforce_calls"] for job in JOBS]
        assert [sum(one.values()) for one in calls] == [1 + len(RecordType), 0, 0, 0]
        assert {kind: self.sides.crm_records(kind) for kind in RecordType} == before


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, sandbox_key: bytes, now: datetime) -> type[BothSides]:
    """The machine on a database; each example starts with an empty one."""

    @contextmanager
    def start() -> Iterator[Sides]:
        with TemporaryDirectory() as folder:
            if request.param == "sqlite":
                shutil.copy(request.getfixturevalue("migrated_file"), f"{folder}/bridge.db")
                url = f"sqlite:///{folder}/bridge.db"
            else:
                connection = request.getfixturevalue("migrated")
                empty_tables(connection)
                url = connection.engine.url.render_as_string(hide_password=False)
            with build_sides(Path(folder), url, sandbox_key, Clock(now)) as sides:
                yield sides

    return type("Machine", (BothSides,), {"start": staticmethod(start)})


@pytest.mark.timeout(3_600)
def test_both_sides_agree_in_the_end(machine: type[BothSides]) -> None:
    """Nothing was lost, doubled or echoed, and what each side holds now somebody has said."""
    examples = int(os.environ.get("BOTH_SIDES_EXAMPLES", "6"))
    profile = settings(
        max_examples=examples,
        stateful_step_count=int(os.environ.get("BOTH_SIDES_STEPS", "30")),
        deadline=None,
        derandomize="BOTH_SIDES_SEED" not in os.environ,
        database=None,
        print_blob=False,
        phases=[Phase.generate] + ([Phase.shrink] if "BOTH_SIDES_SHRINK" in os.environ else []),
        suppress_health_check=list(HealthCheck),
    )
    played = machine
    if "BOTH_SIDES_SEED" in os.environ:
        seed(int(os.environ["BOTH_SIDES_SEED"]))(played)
    run_state_machine_as_test(played, settings=profile)
