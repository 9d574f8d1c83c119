"""`erp-bridge demo`: plays the story, reports, and stays up so that one can look around."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bridge.app import Application, NotConfigured, ready_application, utc_now
from bridge.consumer import ServiceConsumer
from bridge.demo.processes import DemoFailed, Place, lay_out, running_bridge, running_sandbox
from bridge.demo.report import as_json, show
from bridge.demo.story import Story, Told
from bridge.domain.records import RecordType
from bridge.operations.consumers import create_consumer
from bridge.salesforce import SalesforceClient
from bridge.store.candidates import count_records
from bridge.terminal import Terminal

_CONSUMER = "demo-erp"
_LIVELY_SECONDS = 20


@click.command("demo")
@click.option("--once", is_flag=True, help="End after the report instead of staying up.")
@click.option("--json", "silent", is_flag=True, help="Print one JSON document (with --once).")
@click.option(
    "--database", "database_url", envvar="ERP_BRIDGE_DATABASE__URL", help="An empty database."
)
def demo_command(once: bool, silent: bool, database_url: str | None) -> None:
    """Play both sides on this machine and show what the bridge makes of it.

    Exit 1 where any figure is not what the planted drift demands.
    """
    terminal = Terminal()
    with _temporary_folder() as folder:
        place = lay_out(folder, database_url)
        os.environ.update(place.environment | {"ERP_BRIDGE_LOG__LEVEL": "WARNING"})
        with running_sandbox(place), ready_application() as application:
            _must_be_empty(application)
            secret = create_consumer(application.sessions, name=_CONSUMER, now=utc_now())
            told = _tell(place, application, secret, silent=silent, terminal=terminal)
            if silent:
                terminal.json(as_json(told))
            else:
                show(terminal, told)
            if not once and not silent:
                _stay_up(place, terminal, secret)
    if not told.right:
        sys.exit(1)


def _tell(
    place: Place, application: Application, secret: str, *, silent: bool, terminal: Terminal
) -> Told:
    settings = application.settings.salesforce
    if settings is None:
        raise NotConfigured("the demonstration's settings are incomplete")
    with running_bridge(place, every_seconds=0), SalesforceClient(settings) as crm:
        erp = ServiceConsumer(place.bridge_url, _CONSUMER, secret)
        return Story(application, erp, crm, (lambda _: None) if silent else terminal.say).tell()


def _must_be_empty(application: Application) -> None:
    with application.sessions() as session:
        if any(count_records(session, record_type) for record_type in RecordType):
            raise DemoFailed("the demonstration wants an empty database; this one holds records")


def _stay_up(place: Place, terminal: Terminal, secret: str) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with running_bridge(place, every_seconds=_LIVELY_SECONDS):
        terminal.say("")
        terminal.say(f"Console        {place.bridge_url}/")
        terminal.say(f"WSDL           {place.bridge_url}/soap/v1?wsdl")
        terminal.say(
            f"SOAP endpoint  {place.bridge_url}/soap/v1  (HTTP Basic: {_CONSUMER} {secret})"
        )
        terminal.say(f"Salesforce     {place.sandbox_url}  (sandbox: admin@example.com, password)")
        terminal.say(f"Logs           {place.folder}")
        terminal.say(f"Jobs run every {_LIVELY_SECONDS} seconds. Ctrl-C ends it all.")
        stopped.wait()


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="erp-bridge-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
