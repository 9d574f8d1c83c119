"""The wheel works where the checkout is not: with all its WSDLs, templates and default settings."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and its pinned dependencies: its bin folder."""
    folder = tmp_path_factory.mktemp("package")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    bin_folder = folder / "venv" / "bin"
    pins = str(ROOT / ".ci" / "constraints.txt")
    install = [str(bin_folder / "pip"), "install", "--quiet", "-c", pins, f"{wheel}"]
    subprocess.run(install, check=True, capture_output=True)
    return bin_folder


def run(bin_folder: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the installed command outside the checkout, with none of this run's settings."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ERP_BRIDGE_")
    }
    return subprocess.run(
        [str(bin_folder / "erp-bridge"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.timeout(600)
def test_the_demo_works_from_the_wheel_alone(clean_environment: Path, tmp_path: Path) -> None:
    """The installed wheel plays the whole demonstration outside the checkout, all figures right."""
    done = run(clean_environment, "demo", "--once", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert told["ok"]
    assert len(told["figures"]) > 20
    assert all(figure["right"] for figure in told["figures"])


def test_a_wrong_command_ends_with_one_line(clean_environment: Path, tmp_path: Path) -> None:
    """What cannot be done is said in one line with exit code 2, never a traceback.

    Before it, as of each first command, that a database was made, and where: one who is in another
    folder than before would look at nothing.
    """
    done = run(clean_environment, "job", "run", "nonsense", folder=tmp_path)
    assert done.returncode == 2
    made, refused = done.stderr.strip().splitlines()
    assert "a new, empty database was made" in made
    assert "sqlite:///var/bridge.db" in made
    assert refused.startswith("erp-bridge: no Salesforce org is configured")
