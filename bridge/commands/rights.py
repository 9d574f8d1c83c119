"""A consumer's rights as options of the command line, and as people read them."""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.operations.notifications import NOTIFICATIONS
from bridge.operations.rights import Network, Rights, encode_rights, network_of
from bridge.soap.codec import operation_codecs

F = TypeVar("F", bound=Callable[..., Any])

ANY = "any"
"""The word that lifts a restriction."""


class UnknownWord(BridgeError):
    """A word that names no operation, or no record type."""


def rights_options(command: F) -> F:
    """Options that say what a consumer may do; lists by commas, or an option for each."""
    options = (
        click.option("--operations", multiple=True, help="Only these, as in Ping,GetReceipt."),
        click.option("--record-types", multiple=True, help="Only these, as in customer,invoice."),
        click.option("--company", "company_codes", multiple=True, help="Only these companies."),
        click.option("--network", "networks", multiple=True, help="Only from these networks."),
        click.option("--calls-per-minute", metavar="N", callback=_limit, help="At most so many."),
        click.option("--calls-at-once", metavar="N", callback=_limit, help="At most so many."),
        click.option(
            "--keep-envelopes/--no-keep-envelopes",
            default=None,
            help="Keep what it sends, without secrets, for `erp-bridge calls show`.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def rights_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The rights that options name, by field of `Rights`. Raises BadRights, UnknownWord."""
    changes: dict[str, Any] = {}
    for name, read in _LISTS.items():
        words = [word.strip() for text in given[name] for word in text.split(",")]
        if words:
            changes[name] = read([] if words == [ANY] else words)
    for name in ("calls_per_minute", "calls_at_once"):
        if given[name] is not None:
            changes[name] = None if given[name] == ANY else given[name]
    if given["keep_envelopes"] is not None:
        changes["keep_envelopes"] = given["keep_envelopes"]
    return changes


def rights_as_json(rights: Rights) -> dict[str, Any]:
    """Rights as JSON knows them."""
    plain: dict[str, Any] = json.loads(encode_rights(rights))
    return plain


def rights_lines(rights: Rights) -> Iterator[str]:
    """Rights, a line for each."""
    yield f"operations     {_listed(rights.operations)}"
    yield f"record types   {_listed(rights.record_types)}"
    yield f"companies      {_listed(rights.company_codes)}"
    yield f"networks       {_listed(str(one) for one in rights.networks)}"
    yield f"calls a minute {rights.calls_per_minute or ANY}"
    yield f"calls at once  {rights.calls_at_once or ANY}"
    yield f"envelopes      {'kept' if rights.keep_envelopes else 'not kept'}"


def _limit(_context: click.Context, _option: click.Parameter, text: str | None) -> Any:
    if text is None or text == ANY:
        return text
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a whole number nor `{ANY}`") from None


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or ANY


def _operations(words: Sequence[str]) -> frozenset[str]:
    known = [*operation_codecs(), NOTIFICATIONS]
    for word in words:
        if word not in known:
            raise _unknown("operation", word, known)
    return frozenset(words)


def _record_types(words: Sequence[str]) -> frozenset[RecordType]:
    names = {record_type.lower().replace("_", "-"): record_type for record_type in RecordType}
    for word in words:
        if word.lower() not in names:
            raise _unknown("record type", word, list(names))
    return frozenset(names[word.lower()] for word in words)


def _networks(words: Sequence[str]) -> tuple[Network, ...]:
    return tuple(network_of(word) for word in words)


def _unknown(what: str, word: str, known: list[str]) -> UnknownWord:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return UnknownWord(f"there is no {what} {word!r}: {hint}")


_LISTS: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "operations": _operations,
    "record_types": _record_types,
    "company_codes": frozenset,
    "networks": _networks,
}
