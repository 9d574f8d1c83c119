"""The composition root: the only place that builds things.

Settings -> engine, sessions, Salesforce client, rules -> the WSGI application and the job context.
"""

import ctypes
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.console.pages import ConsoleContext, build_console
from bridge.domain.records import RecordType
from bridge.domain.survivorship import Rules
from bridge.logs import configure_logs
from bridge.matching.model import MODEL_FILE, load_model
from bridge.matching.proposing import Matcher
from bridge.operations.addresses import site_of
from bridge.operations.admission import Admission
from bridge.operations.authentication import Authenticator, WrongCredentials
from bridge.operations.brake import Brake
from bridge.operations.calls import CallTrail
from bridge.operations.entrance import Entrance
from bridge.proxies import BehindProxies, address_behind
from bridge.rules import build_rules
from bridge.salesforce import (
    BadMapping,
    Mapping,
    SalesforceClient,
    Surroundings,
    load_mappings,
)
from bridge.settings import (
    FOLDER_VARIABLE,
    Settings,
    find_config,
    load_settings,
    load_survivorship,
)
from bridge.soap.application import CONTRACT_VERSIONS, SoapContext, build_soap_application
from bridge.soap.credentials import shown_credentials
from bridge.store.comparison import adopt_comparison, is_adopted
from bridge.store.engine import (
    SchemaOutdated,
    check_schema,
    open_engine,
    reading,
    session_factory,
    upgrade_schema,
)
from bridge.waiting import Caller
from jobs.context import JobContext, Progress
from jobs.schedule import JOBS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

SERVICES = tuple(CONTRACT_VERSIONS)


class NotConfigured(BridgeError):
    """What was asked for needs settings that are not there."""


def utc_now() -> datetime:
    """The clock that everything lives by."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Application:
    """The bridge, put together from its settings. Parts are built when first used."""

    settings: Settings
    folder: Path | None = None

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        return open_engine(self.settings.database)

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions on the database."""
        return session_factory(self.engine)

    @cached_property
    def mappings(self) -> dict[RecordType, Mapping]:
        """How records translate to sObjects."""
        mappings = load_mappings(find_config(self.folder, "mapping"))
        missing = [record_type for record_type in RecordType if record_type not in mappings]
        if missing:
            raise BadMapping(f"no file of the mapping folder maps {', '.join(missing)}")
        return mappings

    @cached_property
    def rules(self) -> dict[RecordType, Rules]:
        """How records are compared and decided."""
        return build_rules(self.mappings, load_survivorship(self.folder))

    @cached_property
    def matcher(self) -> Matcher:
        """How customers that one side alone has find their other side."""
        return Matcher(self.settings.matching, load_model(find_config(self.folder, MODEL_FILE)))

    @cached_property
    def trail(self) -> CallTrail:
        """Where calls are written down."""
        return CallTrail(self.sessions, self.settings.server.workers)

    @cached_property
    def stopping(self) -> threading.Event:
        """Set when the process has to end: no job then waits for Salesforce to come back."""
        return threading.Event()

    def close(self) -> None:
        """Writes down what is left, and lets the database go."""
        self.trail.close()
        self.engine.dispose()

    def prepare_database(self) -> None:
        """Migrates an embedded database, checks any other, and settles what digests cover."""
        migrate = self.settings.database.migrate_on_start
        if migrate is None:
            migrate = self.engine.dialect.name == "sqlite"
        try:
            check_schema(self.engine)
        except SchemaOutdated:
            if not migrate:
                raise
            if upgrade_schema(self.engine):
                # In another folder, or with another url, one would look at nothing, and wonder.
                url = self.engine.url.render_as_string(hide_password=True)
                log.warning("a new, empty database was made", url=url)
        compared = {record_type: rules.compared for record_type, rules in self.rules.items()}
        with reading(self.sessions) as session:
            adopted = is_adopted(session, compared)
        if not adopted:  # most commands only look, and must not wait for whoever writes
            with self.sessions.begin() as session:
                adopt_comparison(session, compared)

    def wsgi(self) -> "WSGIApplication":
        """SOAP and pages as one WSGI application."""
        soap = build_soap_application(
            SoapContext(
                sessions=self.sessions,
                authenticator=self._authenticator,
                admission=Admission(self.settings.server.workers),
                trail=self.trail,
                clock=utc_now,
                settings=self.settings.soap,
                snapshots=self.settings.snapshots,
                sobjects=frozenset(one.sobject for one in self.mappings.values()),
            )
        )
        console = build_console(
            ConsoleContext(
                sessions=self.sessions,
                clock=utc_now,
                services=SERVICES,
                jobs=tuple(JOBS),
                front_page_seconds=2,
            )
        )

        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            is_soap = environ.get("PATH_INFO", "").startswith(("/soap/", "/salesforce/"))
            return (soap if is_soap else console)(environ, start_response)

        server = self.settings.server
        return BehindProxies(
            application,
            trusted=server.trusted_proxies,
            certificate_header=server.client_certificate_header,
        )

    def caller_of(self, environ: "WSGIEnvironment") -> Caller:
        """Who sends a request, as far as its head tells without asking the database."""
        with suppress(WrongCredentials):
            shown = shown_credentials(environ)
            consumer = shown and self._authenticator.recognise(shown, now=utc_now())
            if consumer:
                return Caller(consumer, is_recognised=True)
        return Caller(site_of(address_behind(environ, self.settings.server.trusted_proxies)))

    @cached_property
    def _authenticator(self) -> Authenticator:
        settings = self.settings.consumers
        brake = Brake(
            most_waiting=self.settings.server.threads // 4,
            longest_pause_seconds=settings.longest_pause_seconds,
        )
        entrance = Entrance(most_strangers=max(1, self.settings.server.threads // 2))
        return Authenticator(self.sessions, settings, brake=brake, entrance=entrance)

    def salesforce(self) -> SalesforceClient:
        """A client of the org. Raises NotConfigured without one."""
        if self.settings.salesforce is None:
            raise NotConfigured(
                "no Salesforce org is configured: set [salesforce] in bridge.toml, or"
                " ERP_BRIDGE_SALESFORCE__LOGIN_URL and its companions"
            )
        return SalesforceClient(
            self.settings.salesforce, surroundings=Surroundings(sleep=self.stopping.wait)
        )

    def job_context(self, progress: Progress) -> JobContext:
        """All that jobs work with. Raises NotConfigured without an org."""
        return JobContext(
            engine=self.engine,
            sessions=self.sessions,
            salesforce=self.salesforce(),
            mappings=self.mappings,
            rules=self.rules,
            settings=self.settings.jobs,
            matcher=self.matcher,
            clock=utc_now,
            progress=progress,
        )


def open_application(folder: Path | None = None) -> Application:
    """The application of a configuration folder and the environment, its logs set up.

    Raises BadSettings.
    """
    settings = _with_public_url(load_settings(folder))
    configure_logs(settings.log)
    return Application(settings, folder)


def _with_public_url(settings: Settings) -> Settings:
    """The WSDL names the server itself until the settings name another place, such as a proxy."""
    if "public_url" in settings.soap.model_fields_set:
        return settings
    soap = settings.soap.model_copy(update={"public_url": settings.server.url})
    return settings.model_copy(update={"soap": soap})


@contextmanager
def ready_application(folder: Path | None = None) -> Iterator[Application]:
    """An application with its database ready, closed at the end."""
    application = open_application(folder)
    try:
        application.prepare_database()
        yield application
    finally:
        application.close()


def _end_with_parent() -> None:
    """Has the kernel end this worker when the server dies: it would hold the port for nobody.

    PR_SET_PDEATHSIG of prctl(2), Linux.
    """
    set_parent_death_signal = 1
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(set_parent_death_signal, signal.SIGKILL)


def open_worker() -> Application:
    """A server worker's application; the configuration folder is named in the environment."""
    _end_with_parent()
    folder = os.environ.get(FOLDER_VARIABLE)
    return open_application(Path(folder) if folder else None)
