"""One server: granian's workers in front of the WSGI application, the scheduler beside them."""

import multiprocessing
import os
import socket
from contextlib import closing

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from bridge import BridgeError
from bridge.app import Application
from bridge.settings import FOLDER_VARIABLE, ServerSettings
from jobs.schedule import build_scheduler

log = structlog.get_logger(__name__)


class PortTaken(BridgeError):
    """Something else listens where the server should."""


class SilentProgress:
    """For jobs that nobody watches; their run rows and logs tell (jobs.context.Progress)."""

    def start(self, what: str, total: int | None) -> None:
        """Says nothing."""

    def advance(self, steps: int) -> None:
        """Says nothing."""


def serve_application(application: Application, *, with_jobs: bool) -> None:
    """Serves until it is told to stop (SIGINT, SIGTERM). Raises PortTaken.

    The scheduler lives in this process; the workers are processes of their own.
    """
    settings = application.settings.server
    _check_port(settings)
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
    log.info("serving", host=settings.host, port=settings.port, workers=settings.workers)
    try:
        _granian(settings).serve()
    finally:
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
    )


def _check_port(settings: ServerSettings) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise PortTaken(f"cannot listen on {where}: {error.strerror}") from error
