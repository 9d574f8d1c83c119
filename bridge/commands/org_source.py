"""What an org needs of the bridge, as a project of Salesforce's tool `sf`."""

import shutil
from collections.abc import Iterable
from importlib.resources import as_file
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

from bridge import BridgeError
from bridge.settings import find_config

_SOURCE = Path("force-app/main/default")


class FolderTaken(BridgeError):
    """The project would be written over something else."""


def write_org_source(target: Path) -> None:
    """Writes objects, fields and permission sets into a new folder. Raises FolderTaken."""
    if target.exists():
        raise FolderTaken(f"{target} is there already: name a new folder")
    with as_file(find_config(None, "salesforce")) as source:
        shutil.copytree(source, target)


def add_outbound_messages(
    target: Path, sobjects: Iterable[str], *, endpoint: str, username: str
) -> None:
    """Adds an outbound message for each kind of record, and a flow that sends it.

    The endpoint, a secret, stands in files that nobody else may read. Source: Metadata API
    Developer Guide, "Workflow" and "Flow".
    """
    templates = find_config(None, "salesforce-notifications")
    for sobject in sobjects:
        words = {"sobject": sobject, "endpoint": escape(endpoint), "username": escape(username)}
        flow = f"ERP_Bridge_{sobject.removesuffix('__c').replace('__', '_')}"
        for name, path in (
            ("workflow.xml", _SOURCE / "workflows" / f"{sobject}.workflow-meta.xml"),
            ("flow.xml", _SOURCE / "flows" / f"{flow}.flow-meta.xml"),
        ):
            template = Template((templates / name).read_text(encoding="utf-8"))
            file = target / path
            file.parent.mkdir(exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(template.substitute(words), encoding="utf-8")
