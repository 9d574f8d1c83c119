"""Documents are refused before they are believed."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bridge.wsdl import source
from bridge.wsdl.documents import load_documents
from bridge.wsdl.source import Place, UnusableDescription, parse
from tests.wsdl.documents import GOOD, changed


def importing(location: str) -> str:
    """The good description with a schema that is imported from there."""
    begin = '<xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">'
    node = f'<xs:import namespace="urn:more" schemaLocation="{location}"/>'
    return changed((begin, begin + node))


MORE = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:more">'
    '<xs:element name="More" type="xs:string"/></xs:schema>'
)


@contextmanager
def serving(pages: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server with these pages: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, content = pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b"<?xml version='1.0'?><!-- c --><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;'>]><a e='&d;'>&d;</a>",
        "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a><a/>".encode("utf-16"),
    ],
)
def test_a_doctype_is_refused(document: bytes) -> None:
    """A DOCTYPE is refused in any encoding, whatever it declares."""
    with pytest.raises(UnusableDescription, match="DOCTYPE"):
        parse(document, Place(url="x"))


@pytest.mark.parametrize(
    "document", [b"text", b"<a", b"<a>&b;</a>", b"<a>" * 300 + b"</a>" * 300, b"\xff\xfe"]
)
def test_what_is_no_xml_is_told_in_one_line(document: bytes) -> None:
    """Broken and too deep documents end with one line."""
    with pytest.raises(UnusableDescription, match="no well-formed XML") as told:
        parse(document, Place(url="x"))
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is named; so are a folder, and links in a circle."""
    with pytest.raises(UnusableDescription, match="No such file"):
        load_documents(str(tmp_path / "missing.wsdl"))
    with pytest.raises(UnusableDescription, match="Is a directory"):
        load_documents(str(tmp_path))
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(UnusableDescription, match="symbolic links"):
        load_documents(str(tmp_path / "circle"))


@pytest.mark.parametrize("source", ["ftp://host/a.wsdl", "http://[::1", "file:///etc/passwd"])
def test_other_sources_than_files_and_http_are_told(source: str) -> None:
    """What is neither a file nor an HTTP address ends with one line."""
    with pytest.raises(UnusableDescription, match="neither a file nor a URL"):
        load_documents(source)


def test_an_import_that_cannot_be_read_names_its_importer(tmp_path: Path) -> None:
    """Where a file is missing, the line that asks for it is told."""
    (tmp_path / "a.wsdl").write_text(importing("more.xsd"))
    with pytest.raises(UnusableDescription, match=r"more\.xsd cannot .*by line 7 of .*a\.wsdl"):
        load_documents(str(tmp_path / "a.wsdl"))


def test_an_import_that_is_no_url_is_left_alone(tmp_path: Path) -> None:
    """A location that cannot be read is told, and the rest is read all the same."""
    (tmp_path / "a.wsdl").write_text(importing("http://[::1/more.xsd"))
    documents = load_documents(str(tmp_path / "a.wsdl"))
    assert documents.not_followed == ["http://[::1/more.xsd: is no URL"]


def test_a_file_beside_it_is_imported(tmp_path: Path) -> None:
    """A schema in the same folder, or below it, is read."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "more.xsd").write_text(MORE)
    (tmp_path / "a.wsdl").write_text(importing("below/more.xsd"))
    documents = load_documents(str(tmp_path / "a.wsdl"))
    assert [one.namespace for one in documents.schemas] == ["urn:orders", "urn:more"]
    assert documents.not_followed == []


@pytest.mark.parametrize(
    "location", ["../more.xsd", "/etc/passwd", "file:///etc/passwd", "link/more.xsd"]
)
def test_a_file_elsewhere_is_not_imported(tmp_path: Path, location: str) -> None:
    """An import out of the folder, by a link too, is told and left alone."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "more.xsd").write_text(MORE)
    (folder / "link").symlink_to(tmp_path)
    (folder / "a.wsdl").write_text(importing(location))
    documents = load_documents(str(folder / "a.wsdl"))
    assert [one.namespace for one in documents.schemas] == ["urn:orders"]
    assert len(documents.not_followed) == 1


def test_a_file_sends_nobody_into_the_network(tmp_path: Path) -> None:
    """A file's import of a URL is not followed."""
    with serving({"/more.xsd": (200, {}, MORE.encode())}) as (address, asked):
        (tmp_path / "a.wsdl").write_text(importing(f"{address}/more.xsd"))
        documents = load_documents(str(tmp_path / "a.wsdl"))
    assert asked == []
    assert "a file's imports" in documents.not_followed[0]


def test_a_url_imports_from_its_own_host() -> None:
    """An import of a document from a URL is resolved against it, and fetched from the same host."""
    pages = {
        "/v1/a.wsdl": (200, {}, importing("../more.xsd").encode()),
        "/more.xsd": (200, {}, MORE.encode()),
    }
    with serving(pages) as (address, asked):
        documents = load_documents(f"{address}/v1/a.wsdl")
    assert asked == ["/v1/a.wsdl", "/more.xsd"]
    assert [one.namespace for one in documents.schemas] == ["urn:orders", "urn:more"]


@pytest.mark.parametrize("location", ["http://localhost:{port}/more.xsd", "file:///etc/passwd"])
def test_a_url_imports_from_no_other_place(location: str) -> None:
    """Another host's name, though it is the same machine, and a file are left alone."""
    pages = {"/more.xsd": (200, {}, MORE.encode())}
    with serving(pages) as (address, asked):
        location = location.format(port=address.rpartition(":")[2])
        pages["/a.wsdl"] = (200, {}, importing(location).encode())
        documents = load_documents(f"{address}/a.wsdl")
    assert asked == ["/a.wsdl"]
    assert len(documents.not_followed) == 1


def test_an_import_is_not_redirected() -> None:
    """An import may not be sent elsewhere by a redirect; the first document may."""
    with serving({"/more.xsd": (200, {}, MORE.encode())}) as (elsewhere, asked_elsewhere):
        pages = {
            "/first": (302, {"Location": "/a.wsdl"}, b""),
            "/a.wsdl": (200, {}, importing("more.xsd").encode()),
            "/more.xsd": (302, {"Location": f"{elsewhere}/more.xsd"}, b""),
        }
        with (
            serving(pages) as (address, asked),
            pytest.raises(UnusableDescription, match="HTTP 302"),
        ):
            load_documents(f"{address}/first")
    assert asked == ["/first", "/a.wsdl", "/more.xsd"]
    assert asked_elsewhere == []


def test_a_url_that_answers_badly_is_told() -> None:
    """Another status, and no server at all, are told in one line without the password."""
    with serving({}) as (address, _), pytest.raises(UnusableDescription, match="HTTP 404"):
        load_documents(f"{address}/a.wsdl")
    secret = address.replace("http://", "http://user:geheim@")
    with pytest.raises(UnusableDescription, match="nothing answers there") as told:
        load_documents(secret)
    assert "geheim" not in str(told.value)


def test_a_url_that_wants_credentials_says_how() -> None:
    """HTTP 401 is told with what to do."""
    with (
        serving({"/a.wsdl": (401, {}, b"")}) as (address, _),
        pytest.raises(UnusableDescription, match="HTTP 401: put user and password into the URL"),
    ):
        load_documents(f"{address}/a.wsdl")


@pytest.mark.parametrize("page", [b"hello", b"<!DOCTYPE html><html><br></html>"])
def test_the_address_of_a_service_is_not_that_of_its_wsdl(page: bytes) -> None:
    """Where ?wsdl is missing and no XML comes, that is suggested."""
    with serving({"/soap": (200, {}, page), "/soap?wsdl": (200, {}, page)}) as (address, _):
        with pytest.raises(UnusableDescription, match=r"write \?wsdl behind it"):
            load_documents(f"{address}/soap")
        with pytest.raises(UnusableDescription) as told:
            load_documents(f"{address}/soap?wsdl")
    assert "behind" not in str(told.value)


def test_a_zipped_answer_is_unpacked() -> None:
    """A server may compress what it sends."""
    zipped = gzip.compress(GOOD.encode())
    with serving({"/a.wsdl": (200, {"Content-Encoding": "gzip"}, zipped)}) as (address, _):
        assert load_documents(f"{address}/a.wsdl").first.content == GOOD.encode()


def test_sizes_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document beyond the limit is refused, from a file and from a URL, though it be zipped."""
    monkeypatch.setattr(source, "MAX_DOCUMENT_BYTES", 4_000)
    (tmp_path / "a.wsdl").write_text(GOOD)
    with pytest.raises(UnusableDescription, match="larger than"):
        load_documents(str(tmp_path / "a.wsdl"))
    with (
        serving({"/a.wsdl": (200, {}, GOOD.encode())}) as (address, _),
        pytest.raises(UnusableDescription, match="larger than"),
    ):
        load_documents(f"{address}/a.wsdl")


def test_cycles_of_imports_end(tmp_path: Path) -> None:
    """Descriptions and schemas that import each other are read once each."""
    (tmp_path / "a.wsdl").write_text(
        changed(("<wsdl:types>", '<wsdl:import namespace="urn:b" location="b.wsdl"/><wsdl:types>'))
    )
    (tmp_path / "b.wsdl").write_text(
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:b">'
        '<import namespace="urn:orders" location="a.wsdl"/></definitions>'
    )
    documents = load_documents(str(tmp_path / "a.wsdl"))
    assert len(documents.descriptions) == 2
    assert len(documents.schemas) == 1


def test_a_schema_without_a_namespace_takes_that_of_its_includer(tmp_path: Path) -> None:
    """What is included without a namespace belongs to the schema that includes it, cycles too."""
    begin = '<xs:schema targetNamespace="urn:orders" elementFormDefault="qualified">'
    (tmp_path / "a.wsdl").write_text(
        changed((begin, begin + '<xs:include schemaLocation="more.xsd"/>'))
    )
    (tmp_path / "more.xsd").write_text(
        MORE.replace(' targetNamespace="urn:more"', "").replace(
            '<xs:element name="More"', '<xs:include schemaLocation="more.xsd"/><xs:element name="M"'
        )
    )
    documents = load_documents(str(tmp_path / "a.wsdl"))
    assert [one.namespace for one in documents.schemas] == ["urn:orders", "urn:orders"]
