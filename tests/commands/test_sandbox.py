from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.sandbox.faults import Kind

RUNNER = CliRunner()


def test_help_tells_all_kinds_of_faults() -> None:
    """Each in a line of its own, with the file's form."""
    text = RUNNER.invoke(main, ["sandbox", "--help"]).output
    for kind in Kind:
        assert f"\n    {kind} " in text
    assert "\n    [[fault]]\n" in text


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    """One without the other is a mistake in usage."""
    pem = tmp_path / "certificate.pem"
    pem.touch()
    done = RUNNER.invoke(main, ["sandbox", "--certificate", str(pem)])
    assert done.exit_code == 2
    assert "--key" in done.output


@pytest.mark.parametrize("twice", [["Account"], ["Account=http://a/", "Account=http://b/"]])
def test_an_endpoint_is_named_once_for_each_object(twice: list[str]) -> None:
    """Anything else is a mistake in usage."""
    options = [word for each in twice for word in ("--outbound", each)]
    done = RUNNER.invoke(main, ["sandbox", *options])
    assert done.exit_code == 2
    assert "OBJECT=URL" in done.output


@pytest.mark.parametrize("option", ["--schema", "--faults"])
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, option: str) -> None:
    """With its name and exit code 2; nothing is served."""
    file = tmp_path / "broken.toml"
    file.write_text("[[")
    arguments = ["--database", str(tmp_path / "org.db"), "--port", "0", option, str(file)]
    done = RUNNER.invoke(main, ["sandbox", *arguments])
    assert done.exit_code == 2
    assert "broken.toml" in done.output
    assert done.output.count("\n") == 1
