"""The pages, over a real socket."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from threading import Event, Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
import requests
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import Client

from bridge import __version__
from bridge.console.pages import ConsoleContext, build_console
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.records import RecordType, System
from bridge.operations.notifications import NOTIFICATIONS
from bridge.store.breaks import Finding, record_breaks
from bridge.store.calls import add_calls
from bridge.store.engine import open_engine, session_factory
from bridge.store.models import NotificationStatus, RunStatus
from bridge.store.notifications import add_notifications, close_notifications
from bridge.store.runs import Ending, finish_run, start_run
from bridge.store.settings import DatabaseSettings
from bridge.store.staging import stage_corrections
from jobs.schedule import JOBS
from tests.builders import customer
from tests.callers import CALL
from tests.outbound import notification
from tests.storing import new_run, save_erp, wish


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *_: object) -> None: ...


@dataclass
class Site:
    """The console, served."""

    url: str

    def get(self, path: str, method: str = "GET") -> requests.Response:
        return requests.request(method, self.url + path, timeout=5, allow_redirects=False)


def serve(
    sessions: sessionmaker[Session], now: datetime, front_page_seconds: float = 0
) -> Iterator[Site]:
    context = ConsoleContext(
        sessions=sessions,
        clock=lambda: now,
        services=["/soap/v1"],
        jobs=list(JOBS),
        front_page_seconds=front_page_seconds,
    )
    server = WSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(build_console(context))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(sessions: sessionmaker[Session], now: datetime) -> Iterator[Site]:
    """The console on a migrated database."""
    yield from serve(sessions, now)


@pytest.fixture
def keeping_site(sessions: sessionmaker[Session], now: datetime) -> Iterator[Site]:
    """The console, with a front page that is kept for a minute."""
    yield from serve(sessions, now, front_page_seconds=60)


@pytest.fixture
def broken_site(tmp_path: Path, now: datetime) -> Iterator[Site]:
    """The console on a database that cannot be opened."""
    (tmp_path / "file").write_text("no folder")
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/file/bridge.db"))
    yield from serve(session_factory(engine), now)
    engine.dispose()


class Structure(HTMLParser):
    """What a browser would find: tags, links and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.texts += data.split("\n")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(site: Site) -> Structure:
    response = site.get("/")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return Structure(response.text)


def test_the_front_page_lists_services_and_jobs(site: Site) -> None:
    """Each service with its WSDL, each job though it never ran."""
    found = page(site)
    assert "/soap/v1?wsdl" in found.links
    for job in JOBS:
        assert f"{job} never" in found.text
    assert f"Version {__version__} · 2026-03-04 05:06:07 UTC" in found.text
    assert "Database OK Salesforce not asked yet" in found.text


def test_the_front_page_shows_how_jobs_ended(
    site: Site, sessions: sessionmaker[Session], now: datetime
) -> None:
    """Status and times; the reason, which may name hosts, is for who may run commands there."""
    with sessions.begin() as session:
        run_id = start_run(session, job="fetch", now=now)
        ending = Ending(status=RunStatus.FAILED, error="UNREACHABLE: no route to db.internal")
        finish_run(session, run_id, ending, now=now)
    found = page(site)
    assert (
        "fetch FAILED 2026-03-04 05:06:07 UTC 2026-03-04 05:06:07 UTC see erp-bridge job status"
        in found.text
    )
    assert "internal" not in found.text


def stage(sessions: sessionmaker[Session], now: datetime) -> None:
    """A customer with secrets: a correction on its way and a break."""
    with sessions.begin() as session:
        (record_id,) = save_erp(session, customer(number="4711", name="Secret AG"))
        run_id = new_run(session, now)
        record_breaks(
            session,
            record_type=RecordType.CUSTOMER,
            found=[
                Finding(record_id, Break(BreakKind.CONFLICT, "d", "phone", "555-ERP", "555-CRM"))
            ],
            run_id=run_id,
            now=now,
        )
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[(record_id, wish(System.CRM, name="Secret AG"))],
            run_id=run_id,
            now=now,
        )


def test_the_front_page_counts_and_shows_no_record(
    site: Site, sessions: sessionmaker[Session], now: datetime
) -> None:
    """Whoever reaches the port sees how much is open, and nothing of whom."""
    assert "Corrections None yet. Open breaks None." in page(site).text
    stage(sessions, now)
    text = page(site).text
    assert "Salesforce PENDING 1" in text
    assert "CUSTOMER CONFLICT 1" in text
    for secret in ("4711", "Secret AG", "555-ERP", "555-CRM"):
        assert secret not in text


def test_the_front_page_is_made_for_all_who_look(
    keeping_site: Site, sessions: sessionmaker[Session], now: datetime
) -> None:
    """Anybody may ask for it, and counting must not take the time of those who submit."""
    before = keeping_site.get("/")
    stage(sessions, now)
    after = keeping_site.get("/")
    assert (after.status_code, after.text) == (200, before.text)
    assert after.headers["Content-Type"] == before.headers["Content-Type"]


def test_nobody_waits_while_the_front_page_is_made_anew(
    sessions: sessionmaker[Session], now: datetime
) -> None:
    """Each would keep a thread as long as the database takes: the page before is there."""
    begun, go_on, times = Event(), Event(), count(1)

    def clock() -> datetime:
        if next(times) == 2:
            begun.set()
            assert go_on.wait(30)
        return now

    console = build_console(ConsoleContext(sessions=sessions, clock=clock, services=[], jobs=[]))
    with ThreadPoolExecutor(2) as pool:
        before = Client(console).get("/")
        slow = pool.submit(Client(console).get, "/")
        try:
            assert begun.wait(30)
            meanwhile = pool.submit(Client(console).get, "/").result(10)
        finally:
            go_on.set()
        assert (meanwhile.status_code, meanwhile.text) == (200, before.text)
        assert slow.result().status_code == 200


def test_the_front_page_counts_what_salesforce_told(
    site: Site, sessions: sessionmaker[Session], now: datetime
) -> None:
    """Notifications that are stored and that wait, and messages that were refused."""
    assert "Notifications 0 stored in 24 hours, 0 waiting, 0 refused" in page(site).text
    told = [notification(1), notification(2)]
    taken = replace(CALL, at=now, operation=NOTIFICATIONS)
    with sessions.begin() as session:
        add_notifications(session, told, now=now)
        close_notifications(session, [told[0].id], status=NotificationStatus.FETCHED)
        add_calls(session, [taken, replace(taken, outcome="ForeignOrganization")])
    assert "Notifications 2 stored in 24 hours, 1 waiting, 1 refused" in page(site).text


def test_the_page_needs_nothing_from_elsewhere(site: Site) -> None:
    """Every link stays on this server, and the style sheet is there."""
    links = page(site).links
    assert all(link.startswith("/") for link in links)
    style = site.get("/static/console.css")
    assert style.status_code == 200
    assert style.headers["Content-Type"].startswith("text/css")
    assert not re.search(r"url\(|@import", style.text)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/static/console.css", "/nowhere"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    """No script, no frame, no guessing of types, no storing: on errors too."""
    headers = site.get(path).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_healthz_says_that_the_process_answers(site: Site, broken_site: Site) -> None:
    """With a database or without."""
    for one in (site, broken_site):
        response = one.get("/healthz")
        assert (response.status_code, response.text) == (200, "ok\n")


def test_readyz_says_what_works(site: Site) -> None:
    """As JSON, for whoever watches."""
    response = site.get("/readyz")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "version": __version__,
        "time": "2026-03-04T05:06:07+00:00",
        "database": "OK",
        "salesforce": "not asked yet",
    }


def test_readyz_fails_without_the_database(broken_site: Site) -> None:
    """503, and which part is missing, and no path or driver's word."""
    response = broken_site.get("/readyz")
    assert response.status_code == 503
    body = json.loads(response.text)
    assert (body["database"], body["salesforce"]) == ("the database cannot be reached", "unknown")


def test_the_front_page_fails_politely_without_the_database(broken_site: Site) -> None:
    """503 in one line, with the headers of every page."""
    response = broken_site.get("/")
    assert (response.status_code, response.text) == (503, "the database cannot be reached\n")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/static/", "/static/../pages.py", "/static/console.css/", "/%00"]
)
def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    """No file of the package can be had by its path."""
    response = site.get(path)
    assert response.status_code in (404, 308)
    assert "import" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_for_reading(site: Site, method: str) -> None:
    """Nothing can be changed here."""
    response = site.get("/", method)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_head_asks_without_a_body(site: Site) -> None:
    """As load balancers do."""
    response = site.get("/readyz", "HEAD")
    assert (response.status_code, response.content) == (200, b"")
