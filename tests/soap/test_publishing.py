"""The published files are what the code writes."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from bridge.soap.publishing import PUBLISHED, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_published_files_match_the_code(path: Path) -> None:
    """The files in wsdl/ are what the code writes; `make wsdl` writes them anew."""
    published = (ROOT / "wsdl" / path).read_bytes()
    assert published == PUBLISHED[path]()
    installed = files("bridge.resources") / "wsdl" / path.as_posix()
    assert installed.read_bytes() == published


def test_nothing_else_is_published() -> None:
    """No file lies there that the code does not know, but what people write."""
    there = {one.relative_to(ROOT / "wsdl") for one in (ROOT / "wsdl" / "bridge").glob("**/*.*")}
    assert there - set(PUBLISHED) <= {Path("bridge/v1/README.md")}


def test_writing_does_not_depend_on_hashing(tmp_path: Path) -> None:
    """Another process with another hash seed writes the same bytes."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bridge.soap.publishing", str(tmp_path)],
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        check=True,
        timeout=60,
    )
    for path, write in PUBLISHED.items():
        assert (tmp_path / path).read_bytes() == write()


def test_main_writes_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes the published files below the folder it is given."""
    monkeypatch.setattr(sys, "argv", ["publishing", str(tmp_path)])
    main()
    assert all((tmp_path / path).stat().st_size > 1000 for path in PUBLISHED)
