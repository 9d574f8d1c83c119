"""What several commands take."""

import getpass
from pathlib import Path

import click

from bridge.settings import FOLDER_VARIABLE

FOLDER = click.option(
    "--config",
    "folder",
    envvar=FOLDER_VARIABLE,
    type=click.Path(path_type=Path),
    help="Folder with your bridge.toml, survivorship.toml and mapping/.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
BY = click.option(
    "--by", default=getpass.getuser, show_default="your login name", help="Who does this."
)
