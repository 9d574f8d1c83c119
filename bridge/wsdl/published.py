"""The bridge's own WSDL: as the code writes it, and as it is published."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from bridge.soap.publishing import PUBLISHED, WSDLS
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_VERSIONS
from bridge.soap.wsdl import service_address, write_wsdl
from bridge.wording import counted
from bridge.wsdl.changes import Change
from bridge.wsdl.compare import compare
from bridge.wsdl.documents import documents_from
from bridge.wsdl.lint.findings import Finding
from bridge.wsdl.lint.linting import lint
from bridge.wsdl.reader import describe
from bridge.wsdl.source import UnusableDescription


def own_wsdl(public_url: str | None = None, soap_number: str = SOAP_11.number) -> tuple[bytes, str]:
    """The WSDL that the code describes, for consumers at this URL, and its name without suffix.

    `soap_number` is 1.1 or 1.2. Raises UnusableDescription for a URL that is none.
    """
    soap = next(one for one in SOAP_VERSIONS if one.number == soap_number)
    try:
        settings = SoapSettings() if public_url is None else SoapSettings(public_url=public_url)
    except ValueError as error:
        raise UnusableDescription(
            f"{public_url} is no address of a service: write scheme, host and port"
        ) from error
    return write_wsdl(service_address(settings), soap), WSDLS[soap].stem


def lint_own() -> tuple[Finding, ...]:
    """What the bridge's own descriptions break."""
    own = (own_wsdl(soap_number=soap.number) for soap in SOAP_VERSIONS)
    return tuple(found for content, name in own for found in lint(documents_from(content, name)))


def published_folder() -> Path:
    """Where the published files lie: in the checkout, or in the installed package."""
    return Path(str(files("bridge") / "resources" / "wsdl"))


def differences(folder: Path) -> Iterator[str]:
    """What the published files in a folder say otherwise than the code, a line each."""
    for path, write in PUBLISHED.items():
        try:
            published = (folder / path).read_bytes()
        except OSError as error:
            yield f"{folder / path} cannot be read: {error.strerror}"
            continue
        yield from _differences(folder / path, published, write())


def _differences(path: Path, published: bytes, written: bytes) -> Iterator[str]:
    if published == written:
        return
    found: Sequence[Change] = ()
    if path.suffix == ".wsdl":
        both = (describe(documents_from(one, str(path))) for one in (published, written))
        found = compare(*both)
    for change in found:
        yield f"{path}: {_told(change)}"
    if not found:
        yield f"{path}: {_first_line(published, written)}"


def _told(change: Change) -> str:
    place = f"{change.subject}/{change.path}" if change.path else change.subject
    item = f" {change.item}" if change.item else ""
    return f"{place}: {change.what}{item} ({change.verdict})"


def _first_line(published: bytes, written: bytes) -> str:
    """Where texts differ that mean the same to a consumer."""
    before, after = published.splitlines(), written.splitlines()
    for number, (old, new) in enumerate(zip(before, after, strict=False), start=1):
        if old != new:
            return f"line {number} reads otherwise: {new.decode(errors='replace').strip()[:100]}"
    return f"has {counted(len(before), 'line')}, the code writes {len(after)}"
