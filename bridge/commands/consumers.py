"""`erp-bridge consumers`: who may call the service, and how each proves it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bridge import BridgeError
from bridge.app import Application, ready_application, utc_now
from bridge.commands.options import AS_JSON, BY, FOLDER, hours
from bridge.commands.rights import (
    rights_as_json,
    rights_changes,
    rights_lines,
    rights_options,
)
from bridge.operations import consumers as operations
from bridge.operations.calls import list_calls
from bridge.operations.certificates import (
    BadCertificate,
    fingerprint_of_pem,
    normal_fingerprint,
)
from bridge.operations.consumers import ConsumerView, CredentialView
from bridge.operations.kept_secrets import Seal, make_key
from bridge.operations.notifications import NOTIFICATIONS
from bridge.operations.rights import Rights
from bridge.soap.outbound import PATH as NOTIFICATIONS_PATH
from bridge.terminal import Terminal
from bridge.wording import counted, in_utc

NAME = click.argument("name")
CERTIFICATE = click.option(
    "--certificate",
    metavar="FILE|FINGERPRINT",
    help="A client certificate that proves it: a PEM file, or its SHA-256.",
)


class NothingToChange(BridgeError):
    """A change that changes nothing."""


@click.group(name="consumers")
def consumers_group() -> None:
    """Who may call the SOAP service."""


@consumers_group.command()
@FOLDER
@NAME
@click.option("--digest", is_flag=True, help="Lets it send WS-Security digests, too.")
@CERTIFICATE
@rights_options
@BY
@AS_JSON
def add(
    folder: Path | None,
    *,
    name: str,
    digest: bool,
    certificate: str | None,
    by: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Add the consumer NAME and print its secret, which is shown this once.

    Without options of its rights it may do everything.
    """
    rights = Rights(**rights_changes(given))
    fingerprint = certificate and _fingerprint(certificate)
    with ready_application(folder) as application:
        secret = operations.create_consumer(
            application.sessions,
            name=name,
            now=utc_now(),
            rights=rights,
            certificate=fingerprint,
            seal=_seal(application) if digest else None,
            by=by,
        )
        _print_secret(application, name, secret, as_json=as_json)


@consumers_group.command("list")
@FOLDER
@AS_JSON
def list_command(folder: Path | None, as_json: bool) -> None:
    """List the consumers."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.list_consumers(application.sessions)
        if as_json:
            terminal.json([_as_json(one) for one in found])
            return
        columns = ("#id", "name", "state", "added", "last call", "proved by")
        rows = (
            (
                one.id,
                one.name,
                _state(one),
                one.added_at,
                one.last_call_at,
                ", ".join(dict.fromkeys(_kind(credential) for credential in one.credentials)),
            )
            for one in found
        )
        terminal.table("Consumers", columns, rows)


@consumers_group.command()
@FOLDER
@NAME
@AS_JSON
def show(folder: Path | None, name: str, as_json: bool) -> None:
    """Show what a consumer may do, what proves it, and its last call; never its secrets."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.get_consumer(application.sessions, name=name)
        if as_json:
            terminal.json(_as_json(found))
            return
        for line in _told(found, utc_now()):
            terminal.say(line)
        for call in list_calls(application.sessions, consumer=name, limit=1):
            row = call.row
            what = f"{row.operation or '?'}: {row.outcome}, from {row.address}"
            terminal.say(f"last call      {in_utc(row.at)}, {what}")


@consumers_group.command()
@FOLDER
@NAME
@rights_options
@BY
def permit(folder: Path | None, name: str, by: str, **given: Any) -> None:
    """Change what a consumer may do: each option replaces a right, the word `any` lifts it.

    Running servers heed it within a minute.
    """
    changes = rights_changes(given)
    if not changes:
        raise NothingToChange("say what to change: see `erp-bridge consumers permit --help`")
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        rights = operations.permit_consumer(
            application.sessions,
            name=name,
            change=lambda rights: replace(rights, **changes),
            now=utc_now(),
            by=by,
        )
        for line in rights_lines(rights):
            terminal.say(line)


@consumers_group.command()
@FOLDER
@NAME
@click.option(
    "--overlap-hours",
    "overlap",
    type=click.FloatRange(0, 24 * 366),
    callback=hours,
    default=24,
    show_default=True,
    help="How long the one before still works; 0 ends all older ones now.",
)
@CERTIFICATE
@BY
@AS_JSON
def rotate(
    folder: Path | None,
    *,
    name: str,
    overlap: timedelta,
    certificate: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Give a consumer a new secret and print it, this once; or a new certificate."""
    now = utc_now()
    fingerprint = certificate and _fingerprint(certificate)
    with ready_application(folder) as application:
        if fingerprint:
            operations.rotate_certificate(
                application.sessions,
                name=name,
                certificate=fingerprint,
                overlap=overlap,
                now=now,
                by=by,
            )
            if as_json:
                _print_json({"name": name, "certificate": fingerprint})
        else:
            secret = operations.rotate_secret(
                application.sessions,
                name=name,
                overlap=overlap,
                now=now,
                seal=_seal(application),
                by=by,
            )
            _print_secret(application, name, secret, as_json=as_json)
    click.echo(f"what proved {name} before works until {in_utc(now + overlap)}", err=True)


@consumers_group.command()
@FOLDER
@NAME
@BY
def disable(folder: Path | None, name: str, by: str) -> None:
    """Let a consumer call no more. Running servers heed it within a minute."""
    with ready_application(folder) as application:
        operations.disable_consumer(application.sessions, name=name, now=utc_now(), by=by)
    click.echo(f"{name} is disabled")


@consumers_group.command()
@FOLDER
@NAME
@BY
def enable(folder: Path | None, name: str, by: str) -> None:
    """Let a disabled consumer call again."""
    with ready_application(folder) as application:
        operations.enable_consumer(application.sessions, name=name, now=utc_now(), by=by)
    click.echo(f"{name} is enabled")


@consumers_group.command("make-key")
def make_key_command() -> None:
    """Print a new key for [consumers] digest_key."""
    click.echo(make_key())


@consumers_group.command()
@FOLDER
def reseal(folder: Path | None) -> None:
    """Encrypt the secrets of digest consumers with the first key; the others may go then."""
    with ready_application(folder) as application:
        count = operations.reseal_secrets(application.sessions, seal=_seal(application))
    click.echo(f"encrypted {counted(count, 'secret')} with the first key")


def _seal(application: Application) -> Seal:
    return Seal(application.settings.consumers)


def _fingerprint(text: str) -> str:
    path = Path(text)
    if not path.is_file():
        try:
            return normal_fingerprint(text)
        except BadCertificate as error:
            raise BadCertificate(f"{text!r} is no file, and {error}") from None
    try:
        return fingerprint_of_pem(path.read_bytes())
    except BadCertificate as error:
        raise BadCertificate(f"{path}: {error}") from None


def _print_secret(application: Application, name: str, secret: str, *, as_json: bool) -> None:
    consumer = operations.get_consumer(application.sessions, name=name)
    api_key = f"{consumer.id}.{secret}"
    endpoint = None
    if NOTIFICATIONS in consumer.rights.operations:
        endpoint = f"{application.settings.soap.public_url}{NOTIFICATIONS_PATH}/{api_key}"
    if not as_json:
        click.echo(secret)
        if endpoint:
            click.echo(f"the endpoint for Salesforce's outbound messages: {endpoint}", err=True)
        return
    facts = {"id": consumer.id, "name": name, "secret": secret, "api_key": api_key}
    _print_json(facts | ({"endpoint": endpoint} if endpoint else {}))


def _print_json(facts: dict[str, Any]) -> None:
    with closing(Terminal()) as terminal:
        terminal.json(facts)


def _as_json(one: ConsumerView) -> dict[str, Any]:
    return {**asdict(one), "rights": rights_as_json(one.rights)}


def _told(one: ConsumerView, now: datetime) -> Iterator[str]:
    yield f"{one.name} is {_state(one)}, since {in_utc(one.added_at)}"
    yield f"API key        {one.id}.<secret>"
    yield from rights_lines(one.rights)
    for credential in one.credentials:
        yield f"{_kind(credential):14} {_age(credential, now)}"


def _age(credential: CredentialView, now: datetime) -> str:
    days = (now - credential.added_at).days
    since = f"since {in_utc(credential.added_at)} ({days} {'day' if days == 1 else 'days'})"
    until = credential.expires_at
    end = f", {'expired' if until <= now else 'works until'} {in_utc(until)}" if until else ""
    return f"{credential.fingerprint or ''} {since}{end}".strip()


def _kind(credential: CredentialView) -> str:
    return credential.kind.lower().replace("_", " ")


def _state(one: ConsumerView) -> str:
    return "enabled" if one.enabled else "disabled"
