"""Changes as a person reads them, and as JSON: worst first, grouped and counted."""

import textwrap
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypedDict, TypeVar

from bridge.wording import counted
from bridge.wsdl.changes import Area, Change, Verdict
from bridge.wsdl.model import Description

_TITLES = {
    Verdict.BREAKING: "Breaking",
    Verdict.LENIENT: "Safe for readers that ignore what they do not know",
    Verdict.SAFE: "Safe",
}
_WIDTH = 100
_NAMES_SHOWN = 6
_Value = TypeVar("_Value")
_Key = TypeVar("_Key", bound=Hashable)


class ChangeAsJson(TypedDict):
    """One change."""

    area: str
    subject: str
    path: str
    what: str
    item: str
    verdict: str
    directions: dict[str, str]


class DiffAsJson(TypedDict):
    """A comparison."""

    old: str
    new: str
    counts: dict[str, int]
    not_followed: list[str]
    changes: list[ChangeAsJson]


def render_diff(
    old: Description, new: Description, changes: Sequence[Change], *, in_full: bool = False
) -> str:
    """The report; long lists of names are cut where it is not in full, and never in JSON.

    Where it is not in full, what is safe is told in brief: for each kind of change what it met.
    """
    counts = count_verdicts(changes)
    lines = [f"old: {old.source}", f"new: {new.source}"]
    lines += [f"not followed: {one}" for one in _not_followed(old, new)]
    lines.append("")
    for verdict, title in _TITLES.items():
        of_verdict = [one for one in changes if one.verdict is verdict]
        if of_verdict:
            places = len({one.subject for one in of_verdict})
            told = counted(len(of_verdict), "change")
            lines.append(f"{title}: {told} in {counted(places, 'component')}")
            is_brief = verdict is Verdict.SAFE and not in_full
            tell = _briefly if is_brief else _subjects
            lines += [*_areas(of_verdict, tell, in_full=in_full), ""]
    told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())
    lines.append(f"{counted(len(changes), 'change')}: {told}" if changes else "no change")
    return "\n".join(lines)


def diff_as_json(old: Description, new: Description, changes: Iterable[Change]) -> DiffAsJson:
    """The comparison as JSON knows it, every change by itself."""
    changes = list(changes)
    return {
        "old": old.source,
        "new": new.source,
        "counts": count_verdicts(changes),
        "not_followed": _not_followed(old, new),
        "changes": [_as_json(one) for one in changes],
    }


def count_verdicts(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes of each verdict."""
    counts = {str(verdict): 0 for verdict in Verdict}
    for change in changes:
        counts[change.verdict] += 1
    return counts


def _not_followed(old: Description, new: Description) -> list[str]:
    return list(dict.fromkeys((*old.not_followed, *new.not_followed)))


def _as_json(change: Change) -> ChangeAsJson:
    return {
        "area": str(change.area),
        "subject": change.subject,
        "path": change.path,
        "what": change.what,
        "item": change.item,
        "verdict": str(change.verdict),
        "directions": {str(way): str(verdict) for way, verdict in change.verdicts.items()},
    }


class _Line(NamedTuple):
    """A line of a block: how far in, what it says, and the names that it is about."""

    depth: int
    text: str
    names: tuple[str, ...] = ()


def _areas(
    changes: list[Change], tell: Callable[[list[Change]], Iterator[_Line]], *, in_full: bool
) -> Iterator[str]:
    for area in Area:
        of_area = [one for one in changes if one.area is area]
        if of_area:
            yield f"  {area} ({len(of_area)})"
            for line in tell(of_area):
                yield from _wrapped(line, in_full=in_full)


def _briefly(changes: list[Change]) -> Iterator[_Line]:
    """What was changed, and the names that it was changed of: each once."""
    for (what, tag), group in _grouped(changes, lambda one: (one.what, _tag(one))).items():
        subjects = {_without_kind(one.subject) for one in group}
        items = all(one.item for one in group)
        step = f"{subjects.pop()}: " if items and len(subjects) == 1 else ""
        yield _Line(2, step + what + tag, tuple(dict.fromkeys(map(_place, group))))


def _place(change: Change) -> str:
    path = f"/{change.path}" if change.path else ""
    return change.item or _without_kind(change.subject) + path


def _subjects(changes: list[Change]) -> Iterator[_Line]:
    """Subjects of which one same thing is told stand in one line; others have a block each."""
    by_subject = _grouped(changes, lambda one: one.subject)
    blocks = {subject: tuple(_lines(group)) for subject, group in by_subject.items()}
    alike = _grouped(blocks, lambda subject: blocks[subject])
    for lines, subjects in alike.items():
        if len(subjects) > 1 and len(lines) == 1:
            about = f" {', '.join(lines[0].names)}" if lines[0].names else ""
            yield _Line(2, f"{lines[0].text}{about}", tuple(map(_without_kind, subjects)))
        else:
            for subject in subjects:
                yield _Line(2, subject)
                yield from lines


def _without_kind(subject: str) -> str:
    """The heading of the area says already that it is a type."""
    return subject.rpartition(" ")[2]


def _lines(changes: list[Change]) -> Iterator[_Line]:
    """A line tells one thing of one place for many items, or of one item for many places."""
    for (what, tag), group in _grouped(changes, lambda one: (one.what, _tag(one))).items():
        by_item = _grouped(group, lambda one: one.item)
        by_path = _grouped(group, lambda one: one.path)
        if len(by_item) < len(by_path):
            for item, found in by_item.items():
                yield _Line(3, f"{what} {item}".rstrip() + tag, tuple(one.path for one in found))
        else:
            for path, found in by_path.items():
                names = tuple(one.item for one in found if one.item)
                yield _Line(3, (f"{path}: " if path else "") + what + tag, names)


def _tag(change: Change) -> str:
    verdicts = change.verdicts
    if not verdicts:
        return ""
    if len(set(verdicts.values())) == 1:
        return f" [{', '.join(verdicts)}]"
    return f" [{', '.join(f'{way} {verdict}' for way, verdict in verdicts.items())}]"


def _wrapped(line: _Line, *, in_full: bool) -> Iterator[str]:
    indent = "  " * line.depth
    shown = line.names if in_full else line.names[:_NAMES_SHOWN]
    more = len(line.names) - len(shown)
    text = line.text + (f" ({len(line.names)})" if len(line.names) > 1 else "")
    text += f": {', '.join(shown)}" if shown else ""
    text += f" … and {more} more" if more else ""
    yield textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _grouped(these: Iterable[_Value], by: Callable[[_Value], _Key]) -> dict[_Key, list[_Value]]:
    groups: dict[_Key, list[_Value]] = {}
    for one in these:
        groups.setdefault(by(one), []).append(one)
    return groups
