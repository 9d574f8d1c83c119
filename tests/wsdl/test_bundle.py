"""A description of many documents is exported whole: its files lead to each other, nowhere else."""

from pathlib import Path

import pytest
from lxml import etree

from tests.wsdl.documents import GOOD, changed
from tests.wsdl.test_export import CON, assert_valid, exported
from tests.wsdl.test_source import serving

SCHEMA = '<xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">'
NOTE = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"'
ABSTRACT = GOOD[: GOOD.index("  <wsdl:binding")] + "</wsdl:definitions>"
CONCRETE = (
    GOOD[: GOOD.index("  <wsdl:types")]
    + '<wsdl:import namespace="urn:orders" location="{}"/>'
    + GOOD[GOOD.index("  <wsdl:binding") :]
)
USES_MORE = (
    (NOTE, '<xs:element ref="m:More" xmlns:m="urn:more"/><xs:element name="D" type="tns:Depth"/>'),
    (
        SCHEMA,
        f'{SCHEMA}<xs:import namespace="urn:more" schemaLocation="{{more}}"/>'
        '<xs:include schemaLocation="{depth}"/>',
    ),
)
MORE = (
    f'<xs:schema {XS} targetNamespace="urn:more" xmlns="urn:more">'
    '<xs:include schemaLocation="{}"/><xs:element name="More" type="Amount"/></xs:schema>'
)
CHAMELEON = (
    f'<xs:schema {XS}><xs:simpleType name="{{}}"><xs:restriction base="Whole"/></xs:simpleType>'
    '<xs:simpleType name="Whole"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
)


def using(more: str, depth: str) -> str:
    """The abstract half, with an import and an include from there."""
    text = changed(*USES_MORE, text=ABSTRACT)
    return text.replace("{more}", more).replace("{depth}", depth)


def write(folder: Path) -> Path:
    """A description in five files of three folders."""
    (folder / "types" / "deep").mkdir(parents=True)
    (folder / "main.wsdl").write_text(CONCRETE.format("types/abstract.wsdl"))
    (folder / "types" / "abstract.wsdl").write_text(using("../main.xsd", "deep/types.xsd"))
    (folder / "main.xsd").write_text(MORE.format("types/deep/amount.xsd"))
    (folder / "types" / "deep" / "types.xsd").write_text(CHAMELEON.format("Depth"))
    (folder / "types" / "deep" / "amount.xsd").write_text(CHAMELEON.format("Amount"))
    return folder / "main.wsdl"


def assert_closed(files: list[Path]) -> None:
    """What a file refers to lies beside it, and in the cache of the SoapUI project."""
    folder, names = files[0].parent, {path.name for path in files}
    for path in files:
        if path.suffix in (".wsdl", ".xsd"):
            for node in etree.parse(path).getroot().iter("{*}import", "{*}include"):
                assert (node.get("location") or node.get("schemaLocation")) in names
    (project,) = folder.glob("*-soapui-project.xml")
    cache = etree.parse(project).getroot().find(".//con:definitionCache", CON)
    parts = {
        one.findtext("con:url", "", CON): one.findtext("con:content", "", CON) for one in cache
    }
    assert cache.get("rootPart") == next(iter(parts))
    for content in parts.values():
        for node in etree.fromstring(content).iter("{*}import", "{*}include"):
            assert (node.get("location") or node.get("schemaLocation")) in parts


def test_documents_of_many_folders_become_files_of_one(tmp_path: Path) -> None:
    """Two WSDLs, imported and included schemas: a file each, references rewritten."""
    files = exported(tmp_path / "out", write(tmp_path))
    assert [path.name for path in files][:6] == [
        "main.wsdl",
        "abstract.wsdl",
        "main-2.xsd",
        "types.xsd",
        "amount.xsd",
        "main.xsd",
    ]
    assert_closed(files)
    assert assert_valid(files) == 2


def test_documents_of_a_server_become_files_too(tmp_path: Path) -> None:
    """Documents that differ in the query of their address alone have names of their own."""
    pages = {
        "/s?wsdl": CONCRETE.format("s?abstract"),
        "/s?abstract": using("?more", "?depth"),
        "/s?more": MORE.format("?amount"),
        "/s?depth": CHAMELEON.format("Depth"),
        "/s?amount": CHAMELEON.format("Amount"),
    }
    with serving({path: (200, {}, text.encode()) for path, text in pages.items()}) as (address, _):
        files = exported(tmp_path, f"{address}/s?wsdl")
    names = [path.name for path in files if path.suffix in (".wsdl", ".xsd")]
    assert names == ["s.wsdl", "s-2.wsdl", "s-2.xsd", "s-3.xsd", "s-4.xsd", "s.xsd"]
    assert_closed(files)
    assert assert_valid(files) == 2


def test_a_wsdl_that_leads_nowhere_stays_as_it_is(tmp_path: Path) -> None:
    """Without imports, what is written is what was read, comments too."""
    text = GOOD.replace("<wsdl:types>", "<!-- mine --><wsdl:types>")
    (tmp_path / "a.wsdl").write_text(text)
    exported(tmp_path / "out", tmp_path / "a.wsdl")
    assert (tmp_path / "out" / "a.wsdl").read_text() == text


def test_a_reference_that_was_not_followed_stays(tmp_path: Path) -> None:
    """What leads to another host still does."""
    location = "http://x.example.com/x.xsd"
    node = f'<xs:import namespace="urn:x" schemaLocation="{location}"/>'
    (tmp_path / "a.wsdl").write_text(changed((SCHEMA, SCHEMA + node)))
    exported(tmp_path / "out", tmp_path / "a.wsdl")
    for name in ("a.wsdl", "a.xsd"):
        assert location in (tmp_path / "out" / name).read_text()


@pytest.mark.parametrize("other", ["urn:orders", "urn:other"])
def test_schemas_beside_each_other_are_joined(tmp_path: Path, other: str) -> None:
    """Several schemas of a WSDL use each other without saying where they lie: their files say."""
    imports = "" if other == "urn:orders" else f'<xs:import namespace="{other}"/>'
    code = '<xs:simpleType name="Far"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
    text = changed(
        (SCHEMA, f'<xs:schema targetNamespace="{other}">{code}{SCHEMA}{imports}'),
        (NOTE, f'<xs:element name="F" type="f:Far" xmlns:f="{other}"/>'),
    )
    (tmp_path / "a.wsdl").write_text(text)
    files = exported(tmp_path / "out", tmp_path / "a.wsdl")
    assert assert_valid(files) == 2
