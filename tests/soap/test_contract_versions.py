"""The table of contract versions."""

from bridge.soap.contract_versions import CONTRACT_VERSIONS
from bridge.soap.settings import SoapSettings


def test_each_version_has_its_path_and_its_dates() -> None:
    """A version is served at a path that names it, and the settings know it."""
    for path, version in CONTRACT_VERSIONS.items():
        assert path == version.path == f"/soap/{version.name}"
        assert version.lifetime_in(SoapSettings()).sunset_on is None
    names = [version.name for version in CONTRACT_VERSIONS.values()]
    assert len(set(names)) == len(names) == 1
