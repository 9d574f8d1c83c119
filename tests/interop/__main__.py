"""`python -m tests.interop`: the matrix. Exit 1 where a cell failed, 2 where it cannot be made."""

import re
import signal
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

from bridge import BridgeError
from tests.interop.checks import (
    CHECKS,
    GENERATES,
    Facts,
    bridge_facts,
    expected_facts,
    problems_of,
    told_by,
)
from tests.interop.matrix import Column, show_matrix
from tests.interop.packages import NotInstalled, install, missing_packages, version_of
from tests.interop.signatures import signature_facts
from tests.interop.toolchains import (
    TOOLCHAINS,
    StepFailed,
    Toolchain,
    compile_client,
    generate,
    run_client,
)
from tests.interop.world import Stage, running_stage


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([one.name for one in TOOLCHAINS]))
@click.option("--install", "may_install", is_flag=True, help="Install what is missing (as root).")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything made, in here.")
def main(names: tuple[str, ...], may_install: bool, folder: Path | None) -> None:
    """Let generated clients of these toolchains (or of all) call a running bridge."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and take all processes along
    console = Console(width=None if sys.stdout.isatty() else 140)
    chosen = [one for one in TOOLCHAINS if not names or one.name in names]
    try:
        _provide(chosen, may_install=may_install, console=console)
        with tempfile.TemporaryDirectory(prefix="erp-bridge-interop-") as temporary:
            columns = _play(chosen, folder or Path(temporary), console)
    except (NotInstalled, BridgeError) as error:
        console.print(f"interop: {error}", soft_wrap=True)
        sys.exit(2)
    show_matrix(columns, console)
    sys.exit(any(column.failed for column in columns))


def _provide(toolchains: list[Toolchain], *, may_install: bool, console: Console) -> None:
    missing = missing_packages([name for one in toolchains for name in one.packages])
    if not missing:
        return
    if not may_install:
        raise NotInstalled(f"missing: apt-get install {' '.join(missing)} (or give --install)")
    console.print(f"installing {' '.join(missing)}")
    install(missing)


def _play(toolchains: list[Toolchain], folder: Path, console: Console) -> list[Column]:
    folder.mkdir(exist_ok=True)
    columns = []
    with running_stage(folder, [one.name for one in toolchains]) as stage:
        for toolchain in toolchains:
            started = time.monotonic()
            columns.append(_column(toolchain, stage, folder / toolchain.name))
            console.print(f"{toolchain.title}: {time.monotonic() - started:.1f} s")
    return columns


def _column(toolchain: Toolchain, stage: Stage, folder: Path) -> Column:
    told = _made(toolchain, stage.service_url, folder)
    if toolchain.unfit:
        cells = _cells_of_unfit(told)
    else:
        if told.get("made.client") == "compiled":
            told = {**told, **_called(toolchain, stage, folder)}
        expected = expected_facts(stage, toolchain.name, toolchain.soap)
        cells = {check.title: problems_of(check, expected, told) for check in CHECKS}
    return Column(toolchain.title, _version(toolchain), cells, toolchain.unfit)


def _made(toolchain: Toolchain, service_url: str, folder: Path) -> Facts:
    told: dict[str, str] = {}
    try:
        told |= signature_facts(generate(toolchain, service_url, folder), toolchain.spelling)
        compile_client(toolchain, folder)
    except StepFailed as error:
        return told | {"made.error": str(error), "client.error": "there is no client"}
    return told | {"made.client": "compiled"}


def _cells_of_unfit(told: Facts) -> dict[str, list[str]]:
    """An unfit toolchain has to fail: where it does not, it deserves a client."""
    if told.get("made.client") != "compiled":
        return {}
    return {GENERATES.title: ["it works now: give it a client, and take its `unfit` away"]}


def _called(toolchain: Toolchain, stage: Stage, folder: Path) -> Facts:
    caller = stage.admit(toolchain.name)
    stage.plant_changes(toolchain.name)
    try:
        output, last_words = run_client(toolchain, folder, caller.environment)
    except StepFailed as error:
        output, last_words = "", str(error)
    return {
        "client.error": last_words,
        **told_by(output),
        **bridge_facts(stage, toolchain.name),
    }


def _version(toolchain: Toolchain) -> str:
    if not toolchain.packages:
        return version(toolchain.distribution)
    debian = version_of(toolchain.packages[0]) or "?"
    return re.sub(r"^\d+:|[^\d.].*", "", debian)  # without its epoch and what Debian did to it


if __name__ == "__main__":
    main()
