"""One server: granian's workers in front of the WSGI application, the scheduler beside them."""

import multiprocessing
import os
import socket
import ssl
from contextlib import closing
from pathlib import Path

import structlog
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from bridge import BridgeError
from bridge.app import Application
from bridge.settings import FOLDER_VARIABLE, ServerSettings
from jobs.schedule import build_scheduler

log = structlog.get_logger(__name__)


class PortTaken(BridgeError):
    """Something else listens where the server should."""


class UnusableCertificate(BridgeError):
    """The files for HTTPS are missing, or not what they should be."""


class SilentProgress:
    """For jobs that nobody watches; their run rows and logs tell (jobs.context.Progress)."""

    def start(self, what: str, total: int | None) -> None:
        """Says nothing."""

    def advance(self, steps: int) -> None:
        """Says nothing."""


def serve_application(application: Application, *, with_jobs: bool) -> None:
    """Serves until it is told to stop (SIGINT, SIGTERM). Raises PortTaken, UnusableCertificate.

    The scheduler lives in this process; the workers are processes of their own.
    """
    settings = application.settings.server
    _check_port(settings)
    _check_certificates(settings)
    if application.folder is not None:
        os.environ[FOLDER_VARIABLE] = str(application.folder)
    scheduler = None
    if with_jobs and application.settings.salesforce is not None:
        context = application.job_context(SilentProgress())
        scheduler = build_scheduler(context, application.settings.schedule)
        scheduler.start()
    elif with_jobs:
        log.warning("no Salesforce org is configured: serving without jobs")
    # Threads would each keep what their greatest request took (glibc's arenas, mallopt(3)).
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    # A forked worker would inherit the scheduler's threads' locks, but not the threads.
    multiprocessing.set_start_method("spawn", force=True)
    log.info("serving", url=settings.url, workers=settings.workers)
    try:
        _granian(settings).serve()
    finally:
        application.stopping.set()
        if scheduler is not None:
            scheduler.shutdown(wait=True)


def _granian(settings: ServerSettings) -> MPServer:
    return MPServer(
        "bridge.gateway:create_gateway",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.header_timeout_seconds * 1000,
            max_buffer_size=settings.max_header_bytes,
        ),
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        ssl_cert=settings.certificate_file,
        ssl_key=settings.private_key_file,
        ssl_protocol_min=_TLS_VERSIONS[settings.min_tls_version],
        ssl_ca=settings.client_ca_file,
        ssl_client_verify=settings.client_ca_file is not None,
    )


def _check_port(settings: ServerSettings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortTaken(f"cannot listen at {settings.url}: {error.strerror}") from error


def _check_certificates(settings: ServerSettings) -> None:
    """Before any worker starts: it would start again and again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = (settings.certificate_file, settings.private_key_file, settings.client_ca_file)
    for path in filter(None, files):
        _require_readable(path)
    try:
        if settings.certificate_file and settings.private_key_file:
            # No password is asked for: a server starts with nobody there.
            context.load_cert_chain(settings.certificate_file, settings.private_key_file, "")
    except (ssl.SSLError, ValueError) as error:
        raise UnusableCertificate(
            f"{settings.certificate_file} and {settings.private_key_file} are no certificate and"
            f" its key in PEM, the key without a password: {error}"
        ) from error
    try:
        if settings.client_ca_file:
            context.load_verify_locations(settings.client_ca_file)
    except ssl.SSLError as error:
        raise UnusableCertificate(
            f"{settings.client_ca_file} holds no certificates in PEM: {error}"
        ) from error


def _require_readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise UnusableCertificate(f"{path} cannot be read: {error.strerror}") from error


_TLS_VERSIONS = {"1.2": SSLProtocols.tls12, "1.3": SSLProtocols.tls13}
