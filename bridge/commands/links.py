"""`erp-bridge links`: find the other side of customers, say yes or no, take links back."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge.app import Application, ready_application, utc_now
from bridge.commands.options import AS_JSON, BY, FOLDER, ID, REASON, ROWS
from bridge.domain.matching import Certainty, Proposal
from bridge.matching.finding import Found
from bridge.matching.model import MODEL_FILE, load_model, model_text
from bridge.matching.proposing import Matcher
from bridge.operations import linking as operations
from bridge.operations.linking import ProposalView, Word
from bridge.operations.training import train_model
from bridge.settings import find_config
from bridge.store.models import LinkStatus
from bridge.terminal import Terminal
from bridge.wording import counted, in_utc

PROPOSAL = click.argument("proposal_id", metavar="ID", type=ID)


@click.group(name="links")
def links_group() -> None:
    """Customers of the ERP and Accounts that are, or may be, the same."""


@links_group.command()
@FOLDER
@click.option("--dry-run", is_flag=True, help="Keep nothing; show what is found.")
@ROWS
@AS_JSON
def suggest(folder: Path | None, dry_run: bool, limit: int, as_json: bool) -> None:
    """Look for the Accounts of all customers that have none.

    Nothing is linked by it: the next reconcile-customers links what is certain and was not rejected
    until then; people confirm or reject the rest.
    """
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.suggest_links(
            application.sessions, matcher=application.matcher, now=utc_now(), dry_run=dry_run
        )
        if as_json:
            terminal.json(_found_as_json(found))
            return
        columns = ("customer", "Account", "certainty", "#bits", "why")
        rows = map(_proposal_cells, found.proposals)
        terminal.table("Proposed links", columns, rows, limit=limit)
        terminal.say(_in_words(found))
        for note in found.notes:
            terminal.say(note)


@links_group.command("list")
@FOLDER
@click.option("--status", type=click.Choice(LinkStatus, case_sensitive=False))
@click.option("--all", "everything", is_flag=True, help="Whatever became of them.")
@ROWS
@AS_JSON
def list_command(
    folder: Path | None, status: LinkStatus | None, everything: bool, limit: int, as_json: bool
) -> None:
    """List what waits for a person, the oldest first."""
    if status is None and not everything:
        status = LinkStatus.SUGGESTED
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        found = operations.list_proposals(application.sessions, status=status)
        if as_json:
            terminal.json([asdict(one) for one in found])
            return
        columns = ("#id", "customer", "Account", "names", "status", "#bits", "why", "by")
        terminal.table("Proposed links", columns, map(_cells, found), limit=limit)


@links_group.command()
@FOLDER
@PROPOSAL
@AS_JSON
def show(folder: Path | None, proposal_id: int, as_json: bool) -> None:
    """Show one proposed link and what each field told."""
    with ready_application(folder) as application, closing(Terminal()) as terminal:
        one = operations.get_proposal(application.sessions, proposal_id=proposal_id)
        if as_json:
            terminal.json(asdict(one))
            return
        terminal.say(f"customer {one.number} and Account {one.salesforce_id}: {one.status}")
        terminal.say(f"{one.certainty}: {one.why}")
        if one.decided_at:
            who = one.decided_by or "a run"
            terminal.say(f"by {who} on {in_utc(one.decided_at)} {one.reason or ''}".rstrip())
        rows = (
            (part.field, part.level, f"{part.bits:+.1f}", part.erp, part.crm)
            for part in one.evidence
        )
        total = "" if one.bits is None else f", {one.bits:.1f} bits in all"
        columns = ("field", "it is", "#bits", "ERP", "Salesforce")
        terminal.table(f"What it rests on{total}", columns, rows)


@links_group.command()
@FOLDER
@click.argument("proposal_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@BY
def confirm(folder: Path | None, proposal_ids: tuple[int, ...], by: str) -> None:
    """Say that both are the same; the next reconcile-customers gives the Account the ERP key."""
    with ready_application(folder) as application:
        for proposal_id in proposal_ids:
            word = _word(application, by)
            operations.confirm_link(application.sessions, proposal_id=proposal_id, word=word)
            click.echo(f"link {proposal_id} is made")


@links_group.command()
@FOLDER
@PROPOSAL
@REASON
@BY
def reject(folder: Path | None, proposal_id: int, reason: str, by: str) -> None:
    """Say that both are different customers; asked again only when one of them changes."""
    with ready_application(folder) as application:
        word = _word(application, by, reason)
        operations.reject_link(application.sessions, proposal_id=proposal_id, word=word)
    click.echo(f"link {proposal_id} is rejected")


@links_group.command()
@FOLDER
@click.argument("customer_number", metavar="CUSTOMER")
@REASON
@BY
def unlink(folder: Path | None, customer_number: str, reason: str, by: str) -> None:
    """Take the link of a CUSTOMER back: it and its Account are different ones."""
    with ready_application(folder) as application:
        word = _word(application, by, reason)
        done = operations.unlink_customer(application.sessions, number=customer_number, word=word)
    more = "" if done else " once the next runs have taken the ERP key off the Account"
    click.echo(f"customer {customer_number} is unlinked{more}")


@links_group.command()
@FOLDER
@click.option("--replace", is_flag=True, help="Write over the file of an earlier training.")
def train(folder: Path | None, replace: bool) -> None:
    """Fit the model to your own customers, before they are linked; it takes minutes.

    It is written to matching.json in the folder of --config, and counts from then on; the one that
    ships stays as it is, and serves again when that file is gone.
    """
    if folder is None:
        raise click.UsageError("--config names the folder that the model is written to")
    file = folder / MODEL_FILE
    if file.exists() and not replace:
        raise click.UsageError(f"{file} is there already: --replace writes over it")
    with ready_application(folder) as application:
        # Not from the file of an earlier training: it may be what is to be replaced because it is
        # of no use any more.
        shipped = load_model(find_config(None, MODEL_FILE))
        matcher = Matcher(application.settings.matching, shipped)
        model = train_model(application.sessions, matcher=matcher)
    file.write_text(model_text(model), encoding="utf-8")
    click.echo(f"{file}: trained on {model.trained_on}")


def _word(application: Application, by: str, reason: str | None = None) -> Word:
    return Word(by=by, now=utc_now(), reason=reason, people=application.settings.breaks.people)


def _in_words(found: Found) -> str:
    links, asked = len(found.of(Certainty.LINK)), len(found.of(Certainty.SUGGEST))
    alone = found.unlinked - links - asked
    customers = counted(found.unlinked, "customer")
    return f"{customers} without an Account: {links} certain, {asked} to be asked, {alone} new"


def _proposal_cells(one: Proposal) -> tuple[object, ...]:
    return (one.pair.erp, one.pair.crm, one.certainty, _bits(one.pair.bits), one.why)


def _cells(one: ProposalView) -> tuple[object, ...]:
    names = " / ".join(dict.fromkeys(one.names))
    place = (one.id, one.number, one.salesforce_id, names, one.status)
    return (*place, _bits(one.bits), one.why, one.decided_by)


def _bits(bits: float | None) -> str:
    return "" if bits is None else f"{bits:.1f}"


def _found_as_json(found: Found) -> dict[str, Any]:
    return {
        "unlinked": found.unlinked,
        "proposals": [
            {"certainty": str(one.certainty), "why": one.why, **asdict(one.pair)}
            for one in found.proposals
        ],
        "notes": list(found.notes),
    }
