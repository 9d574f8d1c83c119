"""`erp-bridge wsdl`: show, export, check, diff and lint.

What only some commands need is imported by them, so that diff and lint start at once.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.one_line import OneLineErrors
from bridge.wording import printable

if TYPE_CHECKING:
    from bridge.wsdl.documents import Documents
    from bridge.wsdl.lint.findings import Finding

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_ADDRESS = click.option(
    "--public-url",
    envvar="ERP_BRIDGE_SOAP__PUBLIC_URL",
    help="Where consumers find the bridge, as in https://bridge.example.com.",
)
_SOAP = click.option(
    "--soap",
    type=click.Choice(["1.1", "1.2"]),
    default="1.1",
    help="The version of SOAP that the bridge's WSDL binds.",
)
_IN_FULL = click.option("--all", "in_full", is_flag=True, help="Cut no long list of names.")


class _WsdlCommands(OneLineErrors):
    def told(self, error: Exception) -> str | None:
        if isinstance(error, RecursionError):
            return "the description nests its types too deeply to be read"
        return super().told(error)


@click.group(name="wsdl", cls=_WsdlCommands)
def wsdl_group() -> None:
    """The published WSDL, and any other: show, export, check, compare, lint."""


@wsdl_group.command()
@click.argument("source", required=False)
@_ADDRESS
@_SOAP
@click.option("--summary", is_flag=True, help="Operations with their signatures, on a page.")
def show(source: str | None, public_url: str | None, soap: str, summary: bool) -> None:
    """Print the WSDL that the bridge publishes, or the one at SOURCE, a file or a URL."""
    from bridge.wsdl.reader import describe  # noqa: PLC0415
    from bridge.wsdl.summary import summarise  # noqa: PLC0415

    documents, _ = _documents(source, public_url, soap)
    if summary:
        _print(summarise(describe(documents)))
    else:
        click.echo(documents.first.content, nl=False)


@wsdl_group.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--of", "source", help="Another WSDL in place of the bridge's: a file or a URL.")
@_ADDRESS
@_SOAP
def export(folder: Path, source: str | None, public_url: str | None, soap: str) -> None:
    """Write into FOLDER what consumers want: WSDL, XSD, samples, SoapUI, Postman.

    The samples are envelopes: for each operation the least that it takes, and all.
    """
    from bridge.wsdl.export.exporting import export as export_to  # noqa: PLC0415

    documents, stem = _documents(source, public_url, soap)
    written = export_to(documents, folder, stem)
    for path in written:
        click.echo(path)


@wsdl_group.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the published files lie, if not in this installation.",
)
@click.pass_context
def check(context: click.Context, folder: Path | None) -> None:
    """Say whether the published files match the code; exit 1 and name what differs.

    `make wsdl` writes them anew.
    """
    from bridge.wsdl.published import differences, published_folder  # noqa: PLC0415

    place = folder or published_folder()
    found = list(differences(place))
    for line in found:
        click.echo(line)
    if not found:
        click.echo("the published files match the code")
    context.exit(1 if found else 0)


@wsdl_group.command()
@click.argument("old")
@click.argument("new")
@_AS_JSON
@_IN_FULL
@click.pass_context
def diff(context: click.Context, old: str, new: str, as_json: bool, in_full: bool) -> None:
    """Compare the WSDL OLD with NEW, each a file or a URL.

    Tells for requests and for responses what breaks consumers built on OLD. Exit code 0: nothing
    does. 1: something does. 2: a document cannot be used.
    """
    from bridge.wsdl.changes import Verdict  # noqa: PLC0415
    from bridge.wsdl.compare import compare  # noqa: PLC0415
    from bridge.wsdl.diff_report import diff_as_json, render_diff  # noqa: PLC0415
    from bridge.wsdl.reader import read_description  # noqa: PLC0415

    before, after = read_description(old), read_description(new)
    changes = compare(before, after)
    if as_json:
        _print_json(diff_as_json(before, after, changes))
    else:
        _print(render_diff(before, after, changes, in_full=in_full))
    context.exit(1 if any(one.verdict is Verdict.BREAKING for one in changes) else 0)


def _show_rules(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from bridge.wsdl.lint.catalogue import render_rules  # noqa: PLC0415

        click.echo(render_rules())
        context.exit(0)


@wsdl_group.command()
@click.argument("source", required=False)
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_rules,
    help="List the rules, and those that cannot be checked with the reason.",
)
@click.option("--call", "calls", is_flag=True, help="Call the service too, to see its faults.")
@_AS_JSON
@_IN_FULL
@click.pass_context
def lint(
    context: click.Context, source: str | None, calls: bool, as_json: bool, in_full: bool
) -> None:
    """Check the WSDL SOURCE, a file or a URL, by the rules of the WS-I Basic Profile 1.1.

    And by what SAP, .NET, Java and PHP choke on. An envelope that was saved to a file is checked
    too; without SOURCE, all that the bridge publishes. Exit code 0: no findings. 1: some. 2: the
    document cannot be used.
    """
    from bridge.wsdl.lint.linting import (  # noqa: PLC0415
        findings_as_json,
        lint_source,
        render_findings,
    )

    findings, not_followed = _own_findings() if source is None else lint_source(source, calls=calls)
    if as_json:
        _print_json(findings_as_json(findings))
    else:
        _print(render_findings(findings, not_followed, in_full=in_full))
    context.exit(1 if findings else 0)


def _own_findings() -> "tuple[tuple[Finding, ...], list[str]]":
    from bridge.wsdl.published import lint_own  # noqa: PLC0415

    return lint_own(), []


def _documents(source: str | None, public_url: str | None, soap: str) -> "tuple[Documents, str]":
    """The documents of a WSDL, the bridge's own without a source, and a name for its files."""
    from bridge.wsdl.documents import documents_from, load_documents  # noqa: PLC0415

    if source is not None:
        documents = load_documents(source)
        return documents, documents.first.place.stem
    from bridge.wsdl.published import own_wsdl  # noqa: PLC0415

    content, name = own_wsdl(public_url, soap)
    return documents_from(content, name), name


def _print_json(value: object) -> None:
    _print(json.dumps(value, indent=2, ensure_ascii=False))


def _print(text: str) -> None:
    """A WSDL's names and texts are anybody's."""
    click.echo(printable(text, keep="\n\t"))
