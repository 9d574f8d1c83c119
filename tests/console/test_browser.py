"""The pages in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage

from tests.console.conftest import NEEDS_BROWSER
from tests.journeys.world import World, build_world

pytestmark = NEEDS_BROWSER


@pytest.fixture
def served(tmp_path: Path) -> Iterator[World]:
    """A bridge that serves its pages, on SQLite."""
    with build_world(tmp_path, f"sqlite:///{tmp_path}/bridge.db") as world:
        yield world


def test_the_front_page_shows_services_and_jobs(browser: Browser, served: World) -> None:
    """A person sees the service with its WSDL and how each job ended, styled, without errors."""
    served.run("fetch")
    page = browser.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    page.goto(served.url)
    assert page.title() == "ERP Bridge"
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="fetch", exact=True))
    assert "SUCCEEDED" in row.inner_text()
    assert page.get_by_role("row").filter(has_text="relay").inner_text().count("never") == 1
    good = page.locator("td.good").first
    assert good.evaluate("e => getComputedStyle(e).color") == "rgb(26, 127, 55)"
    href = page.get_by_role("link", name="WSDL").get_attribute("href")
    assert href == "/soap/v1?wsdl"
    assert page.request.get(served.url + href).ok
    assert complaints == []
    page.close()
