"""Debian packages: which are missing, and installing them."""

import os
import subprocess
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
    """Installs packages from the machine's Debian sources. Raises NotInstalled."""
    if os.geteuid() != 0:
        raise NotInstalled(f"become root, or run: apt-get install {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages],
    ):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"{' '.join(command)}: {done.stderr.strip()}")
