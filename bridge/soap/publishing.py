"""The published files of the contract. `python -m bridge.soap.publishing` writes them anew."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bridge.soap.fault_codes import write_fault_table
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion
from bridge.soap.wsdl import service_address, write_wsdl

WSDLS: Mapping[SoapVersion, Path] = {
    SOAP_11: Path("bridge") / "v1" / "erp-bridge.wsdl",
    SOAP_12: Path("bridge") / "v1" / "erp-bridge-soap12.wsdl",
}
"""The WSDL of each version of SOAP, below the folder `wsdl`."""

_ADDRESS = service_address(SoapSettings())

PUBLISHED: Mapping[Path, Callable[[], bytes]] = {
    **{path: partial(write_wsdl, _ADDRESS, soap) for soap, path in WSDLS.items()},
    Path("bridge") / "v1" / "FAULTS.md": write_fault_table,
}
"""What writes each published file, by its path below the folder `wsdl`."""


def main() -> None:
    """Writes the published files below the folder given, or below `wsdl` of the checkout."""
    default = Path(__file__).parents[2] / "wsdl"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for path, write in PUBLISHED.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(write())


if __name__ == "__main__":
    main()
