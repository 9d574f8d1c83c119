"""The pages: what the bridge serves to a browser, and to whoever watches over it."""

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from bridge.operations.health import check_health
from bridge.operations.notifications import get_notifications_view
from bridge.operations.overview import get_overview
from bridge.store.failures import reason_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_OLD_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleContext:
    """What the pages work with. `services` are the paths of the SOAP services.

    Whoever looks at the front page within `front_page_seconds` of somebody else sees the same.
    """

    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    services: Sequence[str]
    jobs: Sequence[str]
    front_page_seconds: float = 0


View = Callable[[ConsoleContext], Response]


def build_console(context: ConsoleContext) -> "WSGIApplication":
    """The pages as one WSGI application."""
    views: dict[str, View] = {
        "front": _Kept(front_page, context.front_page_seconds),
        "healthz": healthz,
        "readyz": readyz,
        "style": stylesheet,
    }

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> object:
        try:
            endpoint, _ = _URLS.bind_to_environ(environ).match()
            Request(environ).close()
            response = _respond(views[str(endpoint)], context)
        except HTTPException as error:
            response = error.get_response(environ)
        response.headers.extend(_SECURITY_HEADERS)
        return response(environ, start_response)

    return application  # type: ignore[return-value]


def _respond(view: View, context: ConsoleContext) -> Response:
    try:
        return view(context)
    except SQLAlchemyError as error:
        log.warning("page failed", error=reason_of(error))
        return Response("the database cannot be reached\n", 503)


class _Kept:
    """A page that is made for all who look within some seconds.

    Counting takes the database's time, and anybody may look, as often as they like. Whoever looks
    while it is made anew sees the one before, unless that is old: each who waits keeps a thread.
    """

    def __init__(self, view: View, seconds: float) -> None:
        self._view = view
        self._seconds = seconds
        self._lock = threading.Lock()
        self._page = Response()
        self._made_at = -math.inf

    def __call__(self, context: ConsoleContext) -> Response:
        is_old = self._age() >= _OLD_SECONDS + self._seconds
        if self._age() >= self._seconds and self._lock.acquire(blocking=is_old):
            try:
                self._make(context)
            finally:
                self._lock.release()
        page = self._page
        return Response(page.get_data(), page.status, mimetype=page.mimetype)

    def _make(self, context: ConsoleContext) -> None:
        if self._age() >= self._seconds:  # who was here before has not just made it
            self._page = _respond(self._view, context)
            self._made_at = time.monotonic()

    def _age(self) -> float:
        return time.monotonic() - self._made_at


def front_page(context: ConsoleContext) -> Response:
    """The services with their WSDLs, the jobs' state, and how much is open.

    Whoever reaches the port may see it, so it shows counts and no record, and that a job failed but
    not why: a reason names hosts, and quotes what others said.
    """
    now = context.clock()
    html = TEMPLATES.get_template("front.html").render(
        health=check_health(context.sessions, now=now),
        services=context.services,
        overview=get_overview(context.sessions, jobs=context.jobs, now=now),
        notifications=get_notifications_view(context.sessions, since=now - timedelta(days=1)),
    )
    return Response(html, mimetype="text/html")


def healthz(context: ConsoleContext) -> Response:
    """Whether the process answers at all."""
    return Response("ok\n", mimetype="text/plain")


def readyz(context: ConsoleContext) -> Response:
    """Whether submissions can be accepted: 200 or 503, with the parts' state as JSON."""
    health = check_health(context.sessions, now=context.clock())
    body = {
        "version": health.version,
        "time": health.time.isoformat(),
        "database": health.database,
        "salesforce": health.salesforce,
    }
    status = 200 if health.ready else 503
    return Response(json.dumps(body) + "\n", status, mimetype="application/json")


def stylesheet(context: ConsoleContext) -> Response:
    """The one style sheet."""
    css = (files("bridge.console") / "static" / "console.css").read_text(encoding="utf-8")
    return Response(css, mimetype="text/css")


def _as_utc(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else "—"


_URLS = Map(
    [
        Rule("/", endpoint="front", methods=["GET"]),
        Rule("/healthz", endpoint="healthz", methods=["GET"]),
        Rule("/readyz", endpoint="readyz", methods=["GET"]),
        Rule("/static/console.css", endpoint="style", methods=["GET"]),
    ]
)
TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bridge.console"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["as_utc"] = _as_utc
