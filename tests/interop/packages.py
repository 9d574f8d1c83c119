"""Debian packages: which are missing, and installing them."""

import os
import subprocess
import time
from collections.abc import Sequence


class NotInstalled(Exception):
    """Packages are missing and may not be installed."""


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Those that are not installed."""
    return [package for package in dict.fromkeys(packages) if version_of(package) is None]


def version_of(package: str) -> str | None:
    """The installed version, or None."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    status, _, version = done.stdout.partition(" ")
    return version if status == "installed" else None


def install(packages: Sequence[str]) -> None:
    """Installs packages from the machine's Debian sources. Raises NotInstalled.

    Mirrors fail now and then, so each download is tried some times, and all of it again.
    """
    if os.geteuid() != 0:
        raise NotInstalled(f"become root, or run: apt-get install {' '.join(packages)}")
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _PAUSE_SECONDS)
        failure = _fetch_and_install(packages)
        if failure is None:
            return
    raise NotInstalled(failure)


_ATTEMPTS = 3
_PAUSE_SECONDS = 20.0
_APT_GET = ("apt-get", "-qq", "-y", "-o", "Acquire::Retries=5")


def _fetch_and_install(packages: Sequence[str]) -> str | None:
    """Why it failed, if it did."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["--no-install-recommends", "install", *packages]):
        done = subprocess.run(
            [*_APT_GET, *command], env=quiet, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"{' '.join([*_APT_GET, *command])}: {done.stderr.strip()}"
    return None
