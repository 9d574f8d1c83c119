"""The statement of a run, made by the command, looked at in a browser."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from bridge.cli import main
from bridge.domain.records import Invoice
from bridge.operations.statement import list_run_lines
from tests.builders import customer, invoice
from tests.console.conftest import NEEDS_BROWSER
from tests.journeys.world import World, build_world

JOB = "reconcile-financials"
HOSTILE = "</td><script>document.title='owned'</script>"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Forty invoices of two companies and four months that drifted apart."""
    url = f"sqlite:///{tmp_path}/bridge.db"
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", url)
    with build_world(tmp_path, url) as world:
        invoices = [drifting(n) for n in range(40)]
        world.submit([customer()])
        world.submit(invoices)
        world.settle()
        world.submit([replace(one, gross_amount=Decimal("120.5")) for one in invoices[:5]])
        for one in invoices[5:8]:
            world.delete("ERP_Invoice__c", f"{one.company_code}/{one.number}")
        world.enter("ERP_Invoice__c", Number__c=HOSTILE, Gross_Amount__c="75")
        world.compare()
        yield world


def drifting(n: int) -> Invoice:
    plain = invoice(number=f"I{n}", company_code=("1000", "2000")[n % 2])
    return replace(plain, issued_on=plain.issued_on.replace(month=n % 4 + 1, day=3))


def runs(*words: str) -> tuple[int, str]:
    """Runs a command; its exit code and what it said."""
    done = CliRunner().invoke(main, ["runs", *words], catch_exceptions=False)
    return done.exit_code, done.output


def last_run(world: World) -> str:
    return str(list_run_lines(world.application.sessions, job=JOB)[0].id)


def test_on_the_terminal(world: World) -> None:
    """Totals by company and month, what makes the differences up, what is open."""
    code, said = runs("show", last_run(world))
    assert code == 0
    assert "MISSING_IN_CRM" in said
    assert "ON_ITS_WAY" in said
    assert "WITHOUT A REASON" not in said
    assert "2026-03" in said
    assert JOB in runs("list", "--job", JOB)[1]


def test_bad_input(world: World, tmp_path: Path) -> None:
    """A run that is not there, a file that cannot be written: one line."""
    assert runs("show", "999") == (2, "erp-bridge: there is no run 999\n")
    code, said = runs("show", last_run(world), "--html", str(tmp_path / "no" / "s.html"))
    assert (code, said.count("\n")) == (2, 1)


@NEEDS_BROWSER
def test_in_a_browser(world: World, browser: Browser, tmp_path: Path) -> None:
    """It stands alone, tells all, prints on A4, and runs nothing that a record brought along."""
    file = tmp_path / "statement.html"
    assert runs("show", last_run(world), "--html", str(file))[0] == 0
    context = browser.new_context(java_script_enabled=True, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(file.as_uri())
    assert page.title() == f"Run {last_run(world)}: {JOB}"
    assert page.get_by_text("Every difference between both sides is accounted for.").count() == 1
    assert page.locator("figure svg rect").count() > 5
    lost = page.get_by_role("row").filter(has_text="MISSING_IN_CRM").last.inner_text()
    assert "357.00 EUR" in lost
    assert complaints == []
    page.set_viewport_size({"width": 1000, "height": 1400})
    page.screenshot(path=tmp_path / "statement.png", full_page=True)
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 1 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 12
    page.emulate_media(media="print")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    context.close()
