"""The state machine: what either side, the jobs and fate may do, and what has to hold at rest."""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bridge.domain.crm import CrmRecord
from bridge.domain.records import Customer, RecordKey, RecordType
from bridge.operations.audit import verify_audit
from bridge.store.models import RunStatus
from tests.builders import credit_memo, customer, invoice, payment
from tests.jobs.both_sides.judging import Judgement
from tests.jobs.both_sides.sides import Sides
from tests.jobs.world import MAPPINGS

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

    start: ClassVar[Callable[[], AbstractContextManager[Sides]]]
    examples: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.resources = ExitStack()
        self.sides: Sides = self.resources.enter_context(type(self).start())
        self.numbers = itertools.count(1)

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            problems = verify_audit(self.sides.bridge.world.sessions).problems
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

    def check_invariants(self, *args: Any, **kwargs: Any) -> None:
        """Hypothesis does so after each step."""
        type(self).steps += 1
        super().check_invariants(*args, **kwargs)

    # the ERP

    @initialize()
    def first_customers(self) -> None:
        for number in range(3):
            self.sides.erp.book(customer(number=f"C{number}"))

    @rule(who=WHO, name=st.sampled_from(SPOKEN), empty=st.sampled_from([False, False, True]))
    def erp_changes_a_customer(self, who: int, name: str, empty: bool) -> None:
        key = RecordKey(RecordType.CUSTOMER, "", f"C{who}")
        record = self.sides.erp.books.get(key) or customer(number=f"C{who}")
        assert isinstance(record, Customer)
        value = None if empty and name != "name" else self.text(name)
        self.sides.erp.book(replace(record, **{name: value}))

    @rule(kind=SOME_DOCUMENT, company=st.sampled_from(["1000", "2000"]), number=FEW, who=WHO)
    def erp_changes_a_document(self, kind: RecordType, company: str, number: int, who: int) -> None:
        amount = Decimal(next(self.numbers))
        changed = "amount" if kind is RecordType.PAYMENT else "gross_amount"
        record = DOCUMENTS[kind](
            company_code=company, number=f"N{number}", customer_number=f"C{who}"
        )
        self.sides.erp.book(replace(record, **{changed: amount}))

    @rule(which=st.integers(0, 40))
    def erp_loses_a_record(self, which: int) -> None:
        keys = sorted(self.sides.erp.books)
        key = keys[which % len(keys)]
        if sum(one[:2] == key[:2] for one in keys) > 1:
            self.sides.erp.strike(key)

    @rule()
    def erp_says_it_again(self) -> None:
        self.sides.erp.tell_again()

    @rule(apply=st.booleans(), submit=st.booleans(), acknowledge=st.booleans())
    def erp_takes_changes(self, apply: bool, submit: bool, acknowledge: bool) -> None:
        for record_type in RecordType:
            self.sides.erp.take_changes(
                record_type, apply=apply, submit=submit, acknowledge=acknowledge
            )

    # Salesforce

    @rule(who=WHO, keyed=st.booleans())
    def user_enters_an_account(self, who: int, keyed: bool) -> None:
        fields = {"Name": self.text("name"), "Phone": self.text("phone")}
        self.sides.users.enter(
            RecordType.CUSTOMER, **fields, **({"ERP_Key__c": f"C{who}"} if keyed else {})
        )

    @rule(who=WHO, name=st.sampled_from(SPOKEN), late=LATE, empty=st.sampled_from([False, True]))
    def user_edits_an_account(self, who: int, name: str, late: int, empty: bool) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None:
            value = None if empty and name != "name" else str(self.text(name))
            self.sides.users.edit(
                RecordType.CUSTOMER, account.salesforce_id, late, **{CRM_NAMES[name]: value}
            )

    @rule(who=WHO, name=st.sampled_from(["phone", "email", "billing_city"]))
    def user_types_what_the_erp_says(self, who: int, name: str) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None and account.erp_key:
            record = self.sides.erp.books.get(RecordKey(RecordType.CUSTOMER, "", account.erp_key))
            if record is not None:
                value = getattr(record, name)
                self.sides.users.edit(
                    RecordType.CUSTOMER, account.salesforce_id, 0, **{CRM_NAMES[name]: value}
                )

    @rule(who=WHO, change=st.sampled_from(["currency", "owner"]))
    def user_changes_currency_or_owner(self, who: int, change: str) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None:
            user = self.sides.bridge.world.crm.user_info().user_id if change == "owner" else ""
            fields = {"OwnerId": user} if change == "owner" else {"Currency_Code__c": "USD"}
            self.sides.users.edit(RecordType.CUSTOMER, account.salesforce_id, 0, **fields)

    @rule(who=WHO)
    def user_takes_a_key_off_or_gives_it_back(self, who: int) -> None:
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None and account.erp_key:
            self.sides.users.take_key_off(account)
        elif account is not None and account.salesforce_id in self.sides.users.keyless:
            self.sides.users.give_key_back(account)

    @rule(who=WHO, right=WHO)
    def user_corrects_a_key(self, who: int, right: int) -> None:
        """One that the ERP does not have."""
        account = self._living(RecordType.CUSTOMER, who)
        if account is not None and account.erp_key:
            key = RecordKey(RecordType.CUSTOMER, "", account.erp_key)
            if key not in self.sides.erp.books:
                self.sides.users.correct_key(account, f"C{right}")

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
            self.sides.users.edit(kind, document.salesforce_id, late, **change)

    @rule(kind=SOME_DOCUMENT)
    def user_enters_a_document(self, kind: RecordType) -> None:
        self.sides.users.enter(kind, Number__c=self.text("number"))

    @rule(kind=st.sampled_from(sorted(RecordType)), which=WHO, late=LATE)
    def user_deletes(self, kind: RecordType, which: int, late: int) -> None:
        record = self._living(kind, which)
        if record is not None:
            self.sides.users.delete(record, late)

    @rule(kind=st.sampled_from(sorted(RecordType)), which=WHO)
    def user_undeletes(self, kind: RecordType, which: int) -> None:
        gone = [one for one in self.sides.users.records(kind).values() if one.deleted]
        if gone:
            self.sides.users.undelete(gone[which % len(gone)].salesforce_id)

    @rule(winner=WHO, loser=WHO)
    def user_merges(self, winner: int, loser: int) -> None:
        one, other = (self._living(RecordType.CUSTOMER, who) for who in (winner, loser))
        if one is not None and other is not None and one.salesforce_id != other.salesforce_id:
            self.sides.users.merge(one, other)

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
        self.sides.bridge.run_and_die(job, step)

    @rule()
    def process_is_started_again(self) -> None:
        self.sides.bridge.restart()

    @rule(seconds=st.sampled_from([1, 61, 3_600, 86_400, 8 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.sides.pass_time(seconds=seconds)

    @rule(chance=st.integers(1, 4))
    def all_comes_to_rest(self, chance: int) -> None:
        if chance == 4:
            self.come_to_rest()

    def _run(self, job: str, seed: int | None) -> None:
        report = self.sides.bridge.run(job, seed=seed)
        assert not report.summary.get("unexplained"), report
        if seed is None:
            fine = report.status is RunStatus.SUCCEEDED
            assert fine or "Salesforce" in (report.error or ""), report

    def _living(self, kind: RecordType, which: int) -> CrmRecord | None:
        found = [one for one in self.sides.users.records(kind).values() if not one.deleted]
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
            report = self.sides.bridge.run(job)
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
            if self.sides.erp.take_changes(kind, apply=True, submit=True, acknowledge=True):
                done.append(f"{kind} to the ERP")
        return done

    def _listen_for_echoes(self) -> None:
        before = {kind: self.sides.users.records(kind) for kind in RecordType}
        self.sides.clock.moment += timedelta(seconds=61)
        assert not self._round()
        calls = [self.sides.bridge.run(job).summary["salesforce_calls"] for job in JOBS]
        assert [sum(one.values()) for one in calls] == [1 + len(RecordType), 0, 0, 0]
        assert {kind: self.sides.users.records(kind) for kind in RecordType} == before
