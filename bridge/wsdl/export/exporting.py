"""Writes all that consumers may want of a WSDL into a folder."""

from collections.abc import Iterator
from pathlib import Path

from bridge import BridgeError
from bridge.wsdl.documents import Documents
from bridge.wsdl.export.postman import postman_collection
from bridge.wsdl.export.requests import SampleRequest, sample_requests, service_name
from bridge.wsdl.export.schemas import schema_files
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
        written = []
        for name, content in _files(documents, stem):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
    except OSError as error:
        place = error.filename or folder
        raise CannotExport(f"{place} cannot be written: {error.strerror}") from error
    except ValueError as error:  # lxml writes no element whose name is none
        raise CannotExport(f"no sample can be written: {error}") from error
    return written


def _files(documents: Documents, stem: str) -> Iterator[tuple[str, bytes]]:
    description = describe(documents)
    wsdl = f"{stem}.wsdl", documents.content
    requests = list(sample_requests(description))
    name = service_name(description)
    about = " ".join(one.documentation for one in description.services.values())
    yield wsdl
    yield from schema_files(documents, stem)
    yield from _samples(requests)
    yield f"{stem}-soapui-project.xml", soapui_project(name, wsdl, requests)
    collection = postman_collection(name, about, requests)
    yield f"{stem}.postman_collection.json", collection.encode()


def _samples(requests: list[SampleRequest]) -> Iterator[tuple[str, bytes]]:
    for request in requests:
        soap12 = "-soap12" if request.binding.soap == "1.2" else ""
        base = f"{SAMPLES}/{_file_name(request.operation.name)}{soap12}"
        yield f"{base}-minimal.xml", request.minimal
        yield f"{base}-full.xml", request.full


def _file_name(operation: str) -> str:
    """Names come from documents of others: only what is plain stands in a path."""
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in operation)[:100]
