"""Fetch: what changed in Salesforce becomes the CRM's versions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bridge.domain.records import RecordType, System
from bridge.sandbox import SandboxServer, Setup
from bridge.store.models import RunStatus
from bridge.store.runs import last_success
from tests.builders import customer, invoice
from tests.jobs.conftest import settings_of
from tests.jobs.world import MAPPINGS, Clock, World, build_world
from tests.salesforce.orgs import altered_schema
from tests.storing import row_of, values_in, version_of

# What a page does to each database is tested with the store.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOTHING = {"read": 0, "changed": 0, "deleted": 0}


def account(world: World, key: str = "C1", **fields: str) -> str:
    return world.create("Account", ERP_Key__c=key, Name="Muster GmbH", **fields)


def watermark(world: World) -> datetime | None:
    with world.sessions() as session:
        last = last_success(session, "fetch")
        return last.until if last else None


def crm_values(session: Session, key: str = "C1") -> dict[str, object]:
    return dict(values_in(session, customer(number=key), System.CRM) or {})


def test_the_first_fetch_reads_everything(world: World) -> None:
    """All mapped objects, linked by their ERP keys; the watermark is the server's clock."""
    new_id = account(world, Phone="1", Credit_Limit__c="10.5")
    world.create(
        "ERP_Invoice__c",
        ERP_Key__c="1000/I1",
        Account__c=new_id,
        Gross_Amount__c="119",
        Number__c="I1",
    )
    world.tick()
    until = world.clock() + timedelta(seconds=1)
    summary = world.do("fetch")
    assert (summary["full"], summary["since"]) == (True, None)
    assert summary["records"] == {
        "CUSTOMER": {"read": 1, "changed": 1, "deleted": 0},
        "INVOICE": {"read": 1, "changed": 1, "deleted": 0},
        "PAYMENT": NOTHING,
        "CREDIT_MEMO": NOTHING,
    }
    assert watermark(world) == until
    with world.sessions() as session:
        assert row_of(session, customer()).salesforce_id == new_id
        values = crm_values(session)
        assert (values["name"], values["phone"], str(values["credit_limit"])) == (
            "Muster GmbH",
            "1",
            "10.5",
        )
        document = values_in(session, invoice(), System.CRM) or {}
        assert document["customer_number"] == "C1"


def test_the_next_fetch_reads_what_changed_since(world: World) -> None:
    """From the watermark, less the overlap; what is older is not read again."""
    account(world, "old")
    world.tick(hours=1)
    world.do("fetch")
    reached = watermark(world)
    assert reached is not None
    account(world, "new")
    summary = world.do("fetch")
    assert not summary["full"]
    assert datetime.fromisoformat(summary["since"]) == reached - timedelta(seconds=600)
    assert summary["records"]["CUSTOMER"] == {"read": 1, "changed": 1, "deleted": 0}
    assert summary["fewest_calls"] == sum(summary["salesforce_calls"].values())


def test_a_change_and_a_deletion_are_followed(world: World) -> None:
    """Versions take the values; a deleted record is marked."""
    account(world)
    account(world, "C2")
    world.do("fetch")
    world.change("Account", "C1", Phone="2")
    world.delete("Account", "C2")
    summary = world.do("fetch")
    assert summary["records"]["CUSTOMER"] == {"read": 2, "changed": 2, "deleted": 1}
    with world.sessions() as session:
        assert crm_values(session)["phone"] == "2"
        gone = version_of(session, customer(number="C2"), System.CRM)
        assert gone is not None
        assert gone.deleted


@pytest.mark.parametrize(("late_by", "found"), [(60, True), (3_600, False)])
def test_records_that_were_committed_late_are_found(
    world: World, late_by: int, found: bool
) -> None:
    """A record whose stamp lies before the watermark is seen as long as the overlap reaches it."""
    world.tick(hours=2)
    world.do("fetch")
    now = world.clock.moment
    world.clock.moment = now - timedelta(seconds=late_by)
    account(world)
    world.clock.moment = now
    assert world.do("fetch")["records"]["CUSTOMER"]["read"] == int(found)


def test_the_overlap_changes_nothing_twice(world: World) -> None:
    """What is read again and is as before is no news."""
    account(world)
    world.do("fetch")
    assert world.do("fetch")["records"]["CUSTOMER"] == {"read": 1, "changed": 0, "deleted": 0}


def test_other_fields_are_read_in_full(engine: Engine, world: World) -> None:
    """With another mapping, old versions lack the new fields: everything is read once more."""
    account(world)
    world.tick(hours=1)
    world.do("fetch")
    assert not world.do("fetch")["full"]
    some = {kind: MAPPINGS[kind] for kind in (RecordType.CUSTOMER, RecordType.INVOICE)}
    other = build_world(engine, world.clock, world.crm.settings, some)
    summary = other.do("fetch")
    assert summary["full"]
    assert summary["records"]["CUSTOMER"]["read"] == 1
    assert not other.do("fetch")["full"]
    other.crm.close()


def test_all_is_read_now_and_then(world: World) -> None:
    """Once a week, unless the settings say otherwise: formula fields change without a trace."""
    world.do("fetch")
    world.tick(days=6)
    assert not world.do("fetch")["full"]
    world.tick(days=1)
    never = world.with_settings(full_read_every_days=0)
    assert not never.do("fetch")["full"]
    assert world.do("fetch")["full"]
    assert not world.do("fetch")["full"]


def test_a_long_gap_is_read_in_full(world: World) -> None:
    """Salesforce shows deletions for 15 days only: after 14, a window is not enough."""
    world = world.with_settings(full_read_every_days=0)
    world.do("fetch")
    world.tick(days=13, hours=23)
    assert not world.do("fetch")["full"]
    world.tick(days=14, hours=1)
    assert world.do("fetch")["full"]


def test_what_a_full_read_does_not_show_is_gone(world: World) -> None:
    """An Account that vanished without a trace, its recycle bin long empty, is marked deleted."""
    account(world)
    world.do("fetch")
    world.delete("Account", "C1")
    world.tick(days=16)
    summary = world.do("fetch")
    assert summary["full"]
    assert summary["records"]["CUSTOMER"] == {"read": 0, "changed": 0, "deleted": 1}
    with world.sessions() as session:
        gone = version_of(session, customer(), System.CRM)
        assert gone is not None
        assert gone.deleted


def test_what_a_full_read_shows_again_stays(world: World) -> None:
    """Read in full twice, unchanged in between: nothing is news, and nothing is gone."""
    account(world)
    world.do("fetch")
    summary = world.do("fetch", force=True)
    assert summary["records"]["CUSTOMER"] == {"read": 1, "changed": 0, "deleted": 0}
    with world.sessions() as session:
        here = version_of(session, customer(), System.CRM)
        assert here is not None
        assert not here.deleted


@contextmanager
def fresh_org(world: World, folder: Path, schema: Path | None = None) -> Iterator[World]:
    """The same bridge beside another, empty org."""
    with SandboxServer(
        folder / "fresh.db", clock=world.clock, setup=Setup(schema=schema)
    ) as server:
        made = build_world(world.context.engine, world.clock, settings_of(server))
        yield made
        made.crm.close()


def test_a_dry_run_writes_nothing(world: World) -> None:
    """It tells what it would bring, leaves no row of any kind, and moves no watermark."""
    account(world)
    before = world.counts()
    report = world.run("fetch", dry_run=True)
    assert (report.run_id, report.status) == (None, RunStatus.SUCCEEDED)
    assert report.summary["records"]["CUSTOMER"] == {"read": 1, "changed": 1, "deleted": 0}
    assert world.counts() == before
    assert watermark(world) is None


def test_a_dry_run_in_full_does_not_take_the_read_for_gone(world: World) -> None:
    """What a dry run read it did not mark as seen, and so cannot tell what is missing."""
    account(world)
    world.do("fetch")
    summary = world.do("fetch", dry_run=True, force=True)
    assert summary["records"]["CUSTOMER"] == {"read": 1, "changed": 0, "deleted": 0}


def test_an_unreachable_salesforce_fails_the_run(world: World, sandbox: SandboxServer) -> None:
    """It says so in one line, and the watermark stays for the next run to go on from."""
    world.do("fetch")
    reached = watermark(world)
    sandbox.stop()
    report = world.run("fetch")
    assert report.status is RunStatus.FAILED
    assert "UNREACHABLE" in (report.error or "")
    assert "\n" not in (report.error or "")
    assert watermark(world) == reached


def test_a_fetch_that_dies_on_the_way_is_repeated_whole(
    world: World, ask_for_faults: Callable[[str], None]
) -> None:
    """What was read before the error is stored, the watermark is not, and nothing is lost."""
    account(world)
    world.create("ERP_Payment__c", ERP_Key__c="1000/P1")
    ask_for_faults(
        '[[fault]]\nkind = "fault"\ncode = "INVALID_FIELD"\noperations = ["queryAll"]\ncalls = [3]'
    )
    report = world.run("fetch")
    assert report.status is RunStatus.FAILED
    assert "INVALID_FIELD" in (report.error or "")
    assert watermark(world) is None
    with world.sessions() as session:
        assert crm_values(session)["name"] == "Muster GmbH"
    assert world.do("fetch")["records"]["PAYMENT"]["read"] == 1


def test_an_org_that_lacks_what_the_mappings_name_is_refused(world: World, tmp_path: Path) -> None:
    """Before anything is read or sent, with the line of the mapping and the nearest name."""
    world.submit(customer())
    world.do("fetch", "reconcile-customers")
    schema = altered_schema(
        tmp_path, ("Received_On__c", "Recieved_On__c"), ("ERP_Credit_Memo__c", "Other__c")
    )
    with fresh_org(world, tmp_path, schema) as other:
        for job in ("fetch", "relay"):
            report = other.run(job, force=True)
            assert report.status is RunStatus.REFUSED
            assert other.rows("Account") == {}
        report = other.run("fetch", force=True)
        assert (report.error or "").startswith(
            "the org does not fit the mappings: payment.toml, line 13:"
            " ERP_Payment__c.Received_On__c does not exist, or is hidden from this user: did you"
            " mean Recieved_On__c?"
        )
        assert "credit_memo.toml, line 3: ERP_Credit_Memo__c does not exist" in report.error
        assert report.summary["salesforce_calls"]["queries"] == 0


def test_what_the_org_says_of_itself_is_remembered_for_a_while(world: World) -> None:
    """One call in an hour."""
    world = world.with_settings(deletions_every_seconds=86_400)
    assert world.do("fetch")["salesforce_calls"]["other"] == 2  # the clock and the description
    assert world.do("fetch")["salesforce_calls"]["other"] == 1
    world.tick(hours=1)
    assert world.do("fetch")["salesforce_calls"]["other"] == 2


def test_another_org_is_not_taken_for_the_same(world: World, tmp_path: Path) -> None:
    """Neither read nor written, until a forced fetch adopts it: its records take the links over."""
    world.submit(customer(), customer(number="C2"))
    world.settle()
    world.submit(customer(phone="2"))
    world.do("reconcile-customers")
    with fresh_org(world, tmp_path) as other:
        for job in ("fetch", "relay"):
            report = other.run(job)
            assert report.status is RunStatus.REFUSED
            assert report.error is not None
            assert report.error.startswith("what is known here comes from the Salesforce org 00D")
        assert other.run("fetch", dry_run=True).status is RunStatus.REFUSED
        new_id = account(other)
        assert other.do("fetch", force=True)["records"]["CUSTOMER"]["read"] == 1
        with world.sessions() as session:
            assert row_of(session, customer()).salesforce_id == new_id
            here = version_of(session, customer(), System.CRM)
            gone = version_of(session, customer(number="C2"), System.CRM)
            assert (here and here.deleted, gone and gone.deleted) == (False, True)
        assert not other.do("fetch")["full"]
    assert world.run("fetch").status is RunStatus.REFUSED


def test_a_value_that_cannot_be_read_does_not_sink_its_record(world: World) -> None:
    """It stays unread; its neighbours are stored."""
    account(world, Currency_Code__c="XYQ", Phone="1")
    world.do("fetch")
    with world.sessions() as session:
        values = crm_values(session)
        assert "currency" not in values
        assert values["phone"] == "1"


def test_the_echo_of_a_delivery_is_no_change(world: World) -> None:
    """What the bridge itself wrote comes back as it was stored."""
    world.submit(customer(), invoice())
    world.settle()
    summary = world.do("fetch")
    assert summary["records"]["CUSTOMER"] == {"read": 1, "changed": 0, "deleted": 0}
    assert summary["records"]["INVOICE"] == {"read": 1, "changed": 0, "deleted": 0}


def test_the_watermark_is_salesforces_time(world: World) -> None:
    """Also where the bridge's own clock is an hour slow."""
    slow = Clock(world.clock() - timedelta(hours=1))
    other = World(replace(world.context, clock=slow), slow)
    other.do("fetch")
    assert watermark(other) == world.clock()
