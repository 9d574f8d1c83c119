"""A process that is killed between any two steps loses nothing and does nothing twice."""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bridge.app import Application
from bridge.domain.records import (
    Customer,
    CustomerStatus,
    DocumentStatus,
    Invoice,
    Record,
    RecordType,
    System,
)
from bridge.operations.changes import acknowledge_changes
from bridge.salesforce import SalesforceClient
from bridge.settings import Settings
from bridge.store.models import Outbox, OutboxStatus, Run, RunStatus
from jobs.running import JobBusy
from jobs.schedule import run_now
from tests.journeys.world import Silent, World

_MOST_STEPS = 60


def customer(n: int) -> Customer:
    return Customer(
        number=f"C{n}", name=f"Company {n}", currency="EUR", status=CustomerStatus.ACTIVE
    )


def invoice(n: int, gross: int) -> Invoice:
    return Invoice(
        company_code="1000",
        number=str(n),
        customer_number=f"C{n % 3}",
        issued_on=date(2026, 2, 1),
        currency="EUR",
        net_amount=Decimal(gross),
        tax_amount=Decimal(0),
        gross_amount=Decimal(gross),
        open_amount=Decimal(gross),
        status=DocumentStatus.OPEN,
    )


def run_and_die(settings: Settings, jobs: Sequence[str], die_at: int) -> None:
    """Runs jobs in this process and kills it at a step: a commit or a call, before or after."""
    steps = iter(range(die_at, -1, -1))

    def step(*_: Any) -> None:
        if next(steps) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class Mortal(SalesforceClient):
        def upsert(self, *arguments: Any) -> Any:
            step()
            results = super().upsert(*arguments)
            step()
            return results

    application = Application(settings)
    context = application.job_context(Silent())
    context = replace(context, salesforce=Mortal(context.salesforce.settings))
    event.listen(application.engine, "commit", step)
    event.listen(application.engine, "checkin", step)
    for job in jobs:
        run_now(context, job)


def died_at_step(world: World, jobs: Sequence[str], step: int) -> bool:
    """Whether the process was killed; False where it had no such step and came to its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # importing the bridge takes longer than its work
    process = context.Process(target=run_and_die, args=(world.settings, jobs, step))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def run_when_free(world: World, job: str) -> None:
    """Runs a job; PostgreSQL takes a moment to see that the dead process let go of its lock."""
    deadline = time.monotonic() + 10
    while True:
        try:
            world.run(job)
        except JobBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def recovered(world: World) -> None:
    """What an operator's next runs find: all of it delivered, once."""
    for job in ("reconcile-financials", "relay", "fetch", "reconcile-financials"):
        run_when_free(world, job)
    # what was sent again without an answer is agreed on once it has been read: one look more
    report = world.run("reconcile-financials")
    summary = report.summary["types"]["INVOICE"]
    assert summary["differing"] == 0
    with world.application.sessions() as session:
        left = session.scalar(select(func.count()).where(Outbox.status != OutboxStatus.DELIVERED))
        running = session.scalar(select(func.count()).where(Run.status == RunStatus.RUNNING))
    assert (left, running) == (0, 0)


@pytest.mark.timeout(600)
def test_a_kill_between_any_two_steps_of_reconcile_and_relay_is_harmless(world: World) -> None:
    """Killed at each step in turn and run again, both sides agree and nothing stands twice."""
    customers: list[Record] = [customer(n) for n in range(3)]
    world.submit(customers)
    world.submit([invoice(n, 100) for n in range(8)])
    world.settle()
    jobs = ("reconcile-financials", "relay")
    deaths = 0
    for step in range(_MOST_STEPS):
        # each round changes three invoices and adds one, so that both kinds of upsert are met
        gross = 200 + step
        world.submit([*(invoice(n, gross) for n in range(3)), invoice(1_000 + step, gross)])
        died = died_at_step(world, jobs, step)
        recovered(world)
        rows = world.query("SELECT ERP_Key__c, Gross_Amount__c FROM ERP_Invoice__c")
        amounts = {str(row.fields["ERP_Key__c"]): row.fields["Gross_Amount__c"] for row in rows}
        assert len(rows) == len(amounts) == 8 + step + 1
        assert {Decimal(str(amounts[f"1000/{n}"])) for n in (0, 1, 2)} == {Decimal(gross)}
        assert Decimal(str(amounts[f"1000/{1_000 + step}"])) == gross
        if not died:
            break
        deaths += 1
    else:
        pytest.fail(f"the jobs have more than {_MOST_STEPS} steps")
    assert deaths >= 10
    with world.application.sessions() as session:
        errors = set(session.scalars(select(Run.error).where(Run.status == RunStatus.FAILED)))
    assert errors == {"interrupted: its process ended before it did"}


def test_a_change_of_the_crm_survives_a_kill_on_its_way_to_the_erp(world: World) -> None:
    """A change staged for the ERP before a kill is in the feed afterwards, once."""
    world.submit([customer(0)])
    world.settle()
    world.edit("Account", "C0", Phone="+49 1")
    world.run("fetch")
    step = 0
    while died_at_step(world, ("reconcile-customers",), step):
        step += 1
    page = world.erp.fetch_changes(RecordType.CUSTOMER, after=0, limit=10)
    assert [[field.name for field in change.fields] for change in page.changes] == [["phone"]]
    acknowledged = acknowledge_changes(
        world.application.sessions,
        record_type=RecordType.CUSTOMER,
        up_to=page.next,
        now=world.context.clock(),
    )
    assert acknowledged == 1
    with world.application.sessions() as session:
        staged = session.scalar(select(func.count()).where(Outbox.target == System.ERP))
    assert staged == 1
