"""Writes all that consumers may want of a WSDL into a folder."""

from collections.abc import Iterator
from pathlib import Path

from bridge import BridgeError
from bridge.wsdl.documents import Documents
from bridge.wsdl.export.bundle import Bundle
from bridge.wsdl.export.postman import postman_collection
from bridge.wsdl.export.requests import SampleRequest, sample_requests, service_name
from bridge.wsdl.export.soapui import soapui_project
from bridge.wsdl.reader import describe

SAMPLES = "samples"


class CannotExport(BridgeError):
    """The folder cannot be written, or the description holds what no XML can."""


def export(documents: Documents, folder: Path, stem: str) -> list[Path]:
    """Writes WSDL, XSD, samples, a SoapUI project and a Postman collection; the files' paths.

    Files of the same names are replaced. Raises CannotExport.
    """
    try:
        files = list(_files(documents, stem))
    except ValueError as error:  # lxml writes no element whose name is none
        raise CannotExport(f"no sample can be written: {error}") from error
    try:
        return [_write(folder / name, content) for name, content in files]
    except OSError as error:
        place = error.filename or folder
        raise CannotExport(f"{place} cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _files(documents: Documents, stem: str) -> Iterator[tuple[str, bytes]]:
    description, bundle = describe(documents), Bundle(documents, stem)
    held, requests = list(bundle.documents()), sample_requests(description)
    name = service_name(description)
    about = " ".join(one.documentation for one in description.services.values())
    yield from ((one.name, one.content) for one in (*held, *bundle.inner_schemas()))
    yield from _samples(requests)
    yield f"{stem}-soapui-project.xml", soapui_project(name, held, requests)
    yield f"{stem}.postman_collection.json", postman_collection(name, about, requests).encode()


def _samples(requests: list[SampleRequest]) -> Iterator[tuple[str, bytes]]:
    for request in requests:
        yield f"{SAMPLES}/{request.label}-minimal.xml", request.minimal
        yield f"{SAMPLES}/{request.label}-full.xml", request.full
