"""Differences are told worst first, grouped and counted; exit codes say whether anything breaks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.wsdl.command import wsdl_group
from tests.wsdl.documents import GOOD, changed

ROOT = Path(__file__).parents[2]
ADDED = (
    '<xs:enumeration value="OPEN"/>',
    '<xs:enumeration value="OPEN"/><xs:enumeration value="HELD"/><xs:enumeration value="LOST"/>',
)
NOTE = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'


def diff(folder: Path, old: str, new: str, *options: str) -> Result:
    """`wsdl diff` of two texts."""
    for name, text in (("old.wsdl", old), ("new.wsdl", new)):
        (folder / name).write_text(text)
    files = [str(folder / "old.wsdl"), str(folder / "new.wsdl")]
    return CliRunner().invoke(wsdl_group, ["diff", *files, *options])


def test_no_change_is_told(tmp_path: Path) -> None:
    """Two equal descriptions: exit code 0, one word."""
    done = diff(tmp_path, GOOD, GOOD)
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "no change"


def test_a_safe_change_ends_with_0(tmp_path: Path) -> None:
    """What breaks nobody is told, and the exit code is 0."""
    done = diff(tmp_path, GOOD, changed((NOTE, NOTE + NOTE.replace("Note", "New"))))
    assert done.exit_code == 0
    assert "optional element added [request]: New" in done.output
    assert done.output.splitlines()[-1] == "1 change: 0 breaking, 0 lenient, 1 safe"


def test_a_breaking_change_ends_with_1(tmp_path: Path) -> None:
    """What breaks stands first, its items counted in one line, and the exit code is 1."""
    new = changed(ADDED, (NOTE, NOTE + NOTE.replace("Note", "New")))
    done = diff(tmp_path, GOOD, new)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[3:8] == [
        "Breaking: 2 changes in 1 component",
        "  types (2)",
        "    type Status",
        "      enumeration value added [response] (2): HELD, LOST",
        "",
    ]
    assert lines[8].startswith("Safe: 1")


def test_json_tells_every_change_by_itself(tmp_path: Path) -> None:
    """As JSON, each change has its verdict per direction."""
    done = diff(tmp_path, GOOD, changed(ADDED), "--json")
    told = json.loads(done.output)
    assert done.exit_code == 1
    assert told["counts"] == {"breaking": 2, "lenient": 0, "safe": 0}
    assert told["changes"][0] == {
        "area": "types",
        "subject": "type Status",
        "path": "",
        "what": "enumeration value added",
        "item": "HELD",
        "verdict": "breaking",
        "directions": {"response": "breaking"},
    }


def test_long_lists_are_cut_unless_asked_for(tmp_path: Path) -> None:
    """Six names are shown, and how many more there are; --all shows all."""
    values = "".join(f'<xs:enumeration value="V{n}"/>' for n in range(20))
    new = changed((ADDED[0], ADDED[0] + values))
    assert "… and 14 more" in " ".join(diff(tmp_path, GOOD, new).output.split())
    in_full = diff(tmp_path, GOOD, new, "--all").output
    assert "V19" in in_full
    assert " more" not in in_full


def test_what_was_not_followed_is_told(tmp_path: Path) -> None:
    """An import that was left alone is named in the report: what it holds was not compared."""
    begin = '<xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">'
    node = '<xs:import namespace="urn:x" schemaLocation="http://x.example.com/x.xsd"/>'
    done = diff(tmp_path, GOOD, changed((begin, begin + node)))
    assert "not followed: http://x.example.com/x.xsd" in done.output


@pytest.mark.parametrize("text", ["", "<html/>", "<!DOCTYPE a><a/>"])
def test_unusable_input_ends_with_2(tmp_path: Path, text: str) -> None:
    """What is no WSDL ends with one line and exit code 2."""
    done = diff(tmp_path, GOOD, text)
    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 1
    assert done.output.startswith("erp-bridge: ")


def test_a_description_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    """A chain of types too long to be followed ends with one line, not with a traceback."""
    chain = "".join(
        f'<xs:simpleType name="C{n}"><xs:restriction base="tns:C{n + 1}"/></xs:simpleType>'
        for n in range(5_000)
    )
    text = changed(("</xs:schema>", f"{chain}</xs:schema>"))
    done = diff(tmp_path, text, text)
    assert done.exit_code == 2
    assert "too deeply" in done.output


def test_a_chain_of_bases_without_end_is_refused(tmp_path: Path) -> None:
    """Types that extend each other by the thousands end with one line, at once."""
    chain = "".join(
        f'<xs:complexType name="{{0}}{n}"><xs:complexContent><xs:extension base="tns:{{0}}{n + 1}">'
        f'<xs:sequence><xs:element name="E{n}"/></xs:sequence></xs:extension></xs:complexContent>'
        "</xs:complexType>"
        for n in range(5_000)
    )
    old = changed(("</xs:schema>", chain.replace("{0}", "B") + "</xs:schema>"))
    new = old.replace('name="E7"', 'name="Other"').replace('base="tns:B', 'base="tns:C')
    done = diff(tmp_path, old, new.replace('base="tns:C', 'base="tns:B', 10))
    assert done.exit_code == 2
    assert "more than 200 deep" in done.output


def test_groups_that_double_cost_nothing(tmp_path: Path) -> None:
    """Thirty groups that each use the next one twice are read in a moment."""
    groups = "".join(
        f'<xs:group name="G{n}"><xs:sequence><xs:group ref="tns:G{n + 1}"/>'
        f'<xs:group ref="tns:G{n + 1}"/></xs:sequence></xs:group>'
        f'<xs:attributeGroup name="A{n}"><xs:attributeGroup ref="tns:A{n + 1}"/>'
        f'<xs:attributeGroup ref="tns:A{n + 1}"/></xs:attributeGroup>'
        f'<xs:simpleType name="U{n}"><xs:union memberTypes="tns:U{n + 1} tns:U{n + 1}"/>'
        "</xs:simpleType>"
        for n in range(30)
    )
    leaf = (
        '<xs:group name="G30"><xs:sequence><xs:element name="E"/></xs:sequence></xs:group>'
        '<xs:attributeGroup name="A30"><xs:attribute name="a"/></xs:attributeGroup>'
        '<xs:simpleType name="U30"><xs:restriction base="xs:string"/></xs:simpleType>'
        '<xs:complexType name="Bomb"><xs:group ref="tns:G0"/><xs:attributeGroup ref="tns:A0"/>'
        "</xs:complexType>"
    )
    text = changed(("</xs:schema>", f"{groups}{leaf}</xs:schema>"))
    new = changed(('<xs:element name="E"/>', '<xs:element name="F"/>'), text=text)
    done = diff(tmp_path, text, new)
    assert done.exit_code == 0, done.output
    assert "replaced by F: E" in done.output


def test_salesforces_two_versions_are_compared(shared: Path) -> None:
    """Partner 49 against 66: what breaks, what is safe, and why, in a readable page or two."""
    folder = shared / "salesforce" / "wsdl"
    files = [str(folder / f"partner-{version}.wsdl") for version in ("49.0", "66.0")]
    done = CliRunner().invoke(wsdl_group, ["diff", *files])
    assert done.exit_code == 1
    assert len(done.output.splitlines()) < 110
    for line in (
        "required element added [request] (7): returnFieldDataTypes",
        "was int, is now long [response] (2): current, limit",
        "enumeration value added [response] (529): ",
        "header added APIPerformanceInfo [response] (62): ",
        "header added [request] (4): ConditionalRequestHeader, PatchHeader",
        "QueryOptions: optional element added [request]: filterLanguage",
        "added [request] (39): describeFlexiPages",
    ):
        assert line in done.output
    in_full = CliRunner().invoke(wsdl_group, ["diff", *files, "--all"]).output
    assert "header added PatchHeader [request] (15): describeSObject" in in_full
    back = CliRunner().invoke(wsdl_group, ["diff", *reversed(files)])
    assert "removed [request] (39): describeFlexiPages" in back.output


def test_comparing_starts_without_the_bridge(tmp_path: Path) -> None:
    """`wsdl diff` imports neither Spyne nor zeep, SQLAlchemy or requests: it has to be quick."""
    (tmp_path / "a.wsdl").write_text(GOOD)
    script = (
        "import sys, bridge.__main__ as start\n"
        "sys.argv = ['erp-bridge', 'wsdl', 'diff', sys.argv[1], sys.argv[1]]\n"
        "try:\n    start.main()\n"
        "except SystemExit as ended:\n    assert ended.code == 0\n"
        "heavy = {'spyne', 'zeep', 'sqlalchemy', 'requests', 'pydantic', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.wsdl")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
