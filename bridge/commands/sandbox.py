"""`erp-bridge sandbox`: a Salesforce to try things against."""

from datetime import timedelta
from pathlib import Path

import click

from bridge import BridgeError
from bridge.sandbox import Certificate, Limits, SandboxError, Setup, run

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DEFAULTS = Limits()
_ABOUT_FAULTS = """\
\b
Faults on demand: a TOML file for --faults, or sent while it runs:
  curl -X PUT --data-binary @faults.toml http://127.0.0.1:8090/sandbox/faults
  curl http://127.0.0.1:8090/sandbox/faults             (the rules; how many calls each met)
  curl -X DELETE http://127.0.0.1:8090/sandbox/faults   (no more faults)

\b
  seed = 1                       # the same seed: the same calls fail
  [[fault]]
  kind = "row"                   # single rows fail; share is that of the rows
  code = "UNABLE_TO_LOCK_ROW"
  share = 0.1
  operations = ["upsert"]        # all calls if left out; also "token", "notifications"
  [[fault]]
  kind = "lost"                  # done, but the answer never arrives
  calls = [2, 5]                 # the 2nd and 5th of each operation, instead of a share

\b
Kinds:
  latency      the answer takes `seconds` longer
  http         an HTTP `status` (503) and no envelope; nothing is done
  fault        a SOAP fault: `code`, `message`; nothing is done
  session      the session dies: INVALID_SESSION_ID until a new one is opened
  locator      the query locator of a queryMore dies
  row          rows of a write are refused: `code` (UNABLE_TO_LOCK_ROW), `message`
  late-commit  the rows of a write bear the time of the call, and appear `seconds` later
  reset        the call is done, the connection reset in the middle of the answer
  lost         the call is done, the connection closed without an answer
"""


@click.command(name="sandbox", epilog=_ABOUT_FAULTS)
@click.option("--port", type=click.IntRange(0, 65_535), default=8090, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("var/sandbox.db"),
    show_default=True,
    help="The org: an SQLite file, made where there is none. The JWT key lies beside it.",
)
@click.option("--schema", type=_FILE, help="Objects, fields and log-ins, instead of the built-in.")
@click.option(
    "--wsdl",
    type=_FILE,
    help="An org's Enterprise WSDL: its objects and fields instead. What a WSDL does not tell"
    " (lengths, external ids, picklists) still comes from the schema.",
)
@click.option(
    "--outbound",
    multiple=True,
    metavar="OBJECT=URL",
    help="Send each created or changed record of the object there as an outbound message, again"
    " and again until it is acknowledged; /sandbox/outbound shows what waits. May be repeated.",
)
@click.option("--faults", type=_FILE, help="What shall go wrong, see below.")
@click.option(
    "--session-minutes",
    type=click.IntRange(1, 1440),
    default=int(_DEFAULTS.session_lifetime.total_seconds() // 60),
    show_default=True,
    help="How long a session lives without use.",
)
@click.option(
    "--locator-minutes",
    type=click.IntRange(1, 100_000),
    default=int(_DEFAULTS.locator_lifetime.total_seconds() // 60),
    show_default=True,
    help="How long a query locator lives.",
)
@click.option(
    "--locators",
    type=click.IntRange(1, 1000),
    default=_DEFAULTS.open_locators,
    show_default=True,
    help="How many query locators a user may have; one more ends the oldest.",
)
@click.option("--certificate", type=_FILE, help="PEM file, to speak HTTPS; needs --key.")
@click.option("--key", type=_FILE, help="PEM file with the certificate's private key.")
def sandbox_command(  # noqa: PLR0913  (one argument for each option)
    *,
    port: int,
    host: str,
    database: Path,
    schema: Path | None,
    wsdl: Path | None,
    outbound: tuple[str, ...],
    faults: Path | None,
    session_minutes: int,
    locator_minutes: int,
    locators: int,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Run a Salesforce to try things against, on an SQLite file.

    It answers as an org does: OAuth (client credentials, JWT bearer), the SOAP Partner API from
    version 21.0 to 68.0 (login() up to 64.0), and of REST what simple-salesforce needs for queries,
    records and descriptions. On its start it prints where it is and how to log in.

    It has one user who may do everything; no triggers, formulas, sub-queries, aggregates or SOSL.
    """
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key go together")
    setup = Setup(
        schema=schema,
        wsdl=wsdl,
        outbound=_endpoints(outbound),
        faults=faults,
        limits=Limits(
            session_lifetime=timedelta(minutes=session_minutes),
            locator_lifetime=timedelta(minutes=locator_minutes),
            open_locators=locators,
        ),
        certificate=Certificate(certificate, key) if certificate and key else None,
    )
    try:
        run(database, host=host, port=port, setup=setup)
    except SandboxError as error:
        raise BridgeError(str(error)) from error


def _endpoints(outbound: tuple[str, ...]) -> dict[str, str]:
    named = dict(each.partition("=")[::2] for each in outbound)
    if "" in named.values() or len(named) < len(outbound):
        raise click.UsageError("--outbound takes OBJECT=URL, once for each object")
    return named
