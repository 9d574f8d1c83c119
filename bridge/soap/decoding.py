"""Compiled plans for reading: from a Spyne type to a function that reads its elements, built once.

Spyne walks its classes again for every element that it decodes. A plan walks them once and keeps,
for each element name, the attribute and the converter; lxml elements then become records without a
Spyne object in between. The rules of naming that a plan follows stand in `bridge.soap.elements`.

A plan trusts its input: read the envelope by `bridge.soap.envelope`, which leaves comments out, and
validate it against the schema first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from lxml.etree import QName, XPath, _Element
from spyne import ComplexModelBase

from bridge.soap.columns import Build, Convert, builder, converter
from bridge.soap.elements import NAMESPACE, Model, attribute_name, is_group, is_repeated
from bridge.soap.violations import ContractViolated, Violation, violation_at

Decode = Callable[[_Element], Any]
"""Reads one element."""


def decoder(model: Model, build: Callable[..., Any] | None = None) -> Decode:
    """Reads an element of this complex type into its `python_type`, or what `build` makes.

    `build` gets all attributes as keyword arguments: None where an optional element is absent, a
    tuple where it is repeated. Reading raises ContractViolated where a value that the schema
    allows cannot be held (a date after the year 9999).
    """
    table = _table(model, build=build)
    return lambda element: table.read(element, [element])[0]


class _Leaf(NamedTuple):
    """A child element without children of its own.

    `convert` is None where the text is the value; `empty` is what no text means.
    """

    tag: str
    attribute: str
    required: bool
    convert: Convert | None
    empty: str | None


class _Nested(NamedTuple):
    """A child element with children of its own, once or repeated.

    `find` gives those of all elements that the parent's table reads, from the message.
    """

    tag: str
    attribute: str
    repeated: bool
    find: Callable[[_Element], list[_Element]]
    table: "_Table"


class _Rows(NamedTuple):
    """The children of a table's elements, by tag: texts of leaves, numbers of nested ones.

    A leaf that no element has may be left out.
    """

    texts: Mapping[str, Sequence[str | None]]
    counts: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Table:
    """Reads all elements at one place of the contract at once, column by column.

    `orders` are the leaves that an element may begin with, where their number tells which.
    `texts` gives all texts within the children of the elements, from the message, and `is_spaced`
    whether some of them stand between elements.
    """

    leaves: tuple[_Leaf, ...]
    nested: tuple[_Nested, ...]
    orders: tuple[tuple[_Leaf, ...], ...]
    texts: Callable[[_Element], list[str]]
    is_spaced: Callable[[_Element], bool]
    children: Callable[..., Iterable[_Element]]
    build: Build

    def read(self, message: _Element, elements: Sequence[_Element]) -> list[Any]:
        """One object for each element; they are all that the message has at this place."""
        if not elements:
            return []
        children = sum(map(len, elements))
        bare = bool(self.orders) and children == len(elements) * len(self.orders[-1])
        below = [[] if bare else nested.find(message) for nested in self.nested]
        rows = self._rows(message, elements, below, children)
        columns = {leaf.attribute: self._values(leaf, rows, elements) for leaf in self.leaves}
        for nested, found in zip(self.nested, below, strict=True):
            objects = nested.table.read(message, found)
            columns[nested.attribute] = _shared_out(objects, rows.counts[nested.tag], nested)
        return self.build(columns, len(elements))

    def _rows(
        self,
        message: _Element,
        elements: Sequence[_Element],
        below: Sequence[Sequence[_Element]],
        children: int,
    ) -> _Rows:
        """Reads no names where numbers tell which leaves there are: a name costs two texts' time.

        An element has each leaf once at most, in the schema's order. So as many leaves as there
        may be are all of them everywhere, and as many as there must be are the required ones.
        """
        found = children - sum(map(len, below))
        for leaves in self.orders:
            if found == len(elements) * len(leaves):
                return self._rows_in_order(message, elements, leaves, found < children)
        if len(elements) == 1:
            return self._row_by_name(elements[0], below)
        return self._rows_by_name(elements)

    def _rows_in_order(
        self,
        message: _Element,
        elements: Sequence[_Element],
        leaves: Sequence[_Leaf],
        has_others: bool,
    ) -> _Rows:
        width = len(leaves)
        texts = self._texts(message, elements, width, has_others)
        return _Rows(
            texts={leaf.tag: texts[place::width] for place, leaf in enumerate(leaves)},
            counts={nested.tag: [len(one) - width for one in elements] for nested in self.nested},
        )

    def _texts(
        self, message: _Element, elements: Sequence[_Element], width: int, has_others: bool
    ) -> Sequence[str | None]:
        """The texts of the leaves that the elements begin with, so many each.

        A leaf has one text or none, because libxml2 joins what comments and CDATA divide. So as
        many texts as leaves are one of each, unless some stand within other children; and all of
        them at once take a third of the time that one by one take.
        """
        texts = self.texts(message)
        if len(texts) == len(elements) * width and not (has_others and self.is_spaced(message)):
            return texts
        return [child.text for one in elements for child in islice(one, width)]

    def _row_by_name(self, element: _Element, below: Sequence[Sequence[_Element]]) -> _Rows:
        """Of a lone element: a message holds hundreds of others beside its leaves."""
        texts: dict[str, list[str | None]] = {leaf.tag: [None] for leaf in self.leaves}
        for child in self.children(element, *texts):
            texts[child.tag] = [child.text]
        counts = {one.tag: [len(found)] for one, found in zip(self.nested, below, strict=True)}
        return _Rows(texts, counts)

    def _rows_by_name(self, elements: Sequence[_Element]) -> _Rows:
        texts: dict[str, list[str | None]] = {
            leaf.tag: [None] * len(elements) for leaf in self.leaves
        }
        counts = {nested.tag: [0] * len(elements) for nested in self.nested}
        for place, one in enumerate(elements):
            for child in self.children(one):
                tag = child.tag
                if tag in texts:
                    texts[tag][place] = child.text
                elif tag in counts:
                    counts[tag][place] += 1
        return _Rows(texts, counts)

    def _values(self, leaf: _Leaf, rows: _Rows, elements: Sequence[_Element]) -> Sequence[Any]:
        texts = rows.texts.get(leaf.tag)
        if texts is None:
            return [leaf.empty] * len(elements)
        try:
            return _converted(leaf, texts)
        except ValueError as error:
            raise ContractViolated([self._first_violation(leaf, elements)]) from error

    def _first_violation(self, leaf: _Leaf, elements: Sequence[_Element]) -> Violation:
        for element in elements:
            for child in self.children(element):
                try:
                    if child.tag == leaf.tag and leaf.convert:
                        leaf.convert([child.text or ""])
                except ValueError as error:
                    return violation_at(child, str(error))
        raise AssertionError("a column fails where none of its texts does")


def _converted(leaf: _Leaf, texts: Sequence[str | None]) -> Sequence[Any]:
    if all(texts):
        return leaf.convert(texts) if leaf.convert else texts  # type: ignore[arg-type]
    present = [text for text in texts if text]
    values = iter(leaf.convert(present) if leaf.convert else present)
    return [next(values) if text else leaf.empty for text in texts]


def _shared_out(objects: Iterable[Any], counts: Sequence[int], nested: _Nested) -> Sequence[Any]:
    """To each element its own of the objects, of which it has so many."""
    objects = iter(objects)
    if nested.repeated:
        return [tuple(islice(objects, count)) for count in counts]
    return [next(objects) if count else None for count in counts]


# Compiling


def _table(
    model: Model, path: tuple[str, ...] = (), build: Callable[..., Any] | None = None
) -> _Table:
    leaves, nested = tuple(_leaves(model)), tuple(_nested(model, path))
    grouped = any(is_group(child) for child in model._type_info.values())
    names = [leaf.tag for leaf in leaves] + [one.tag for one in nested]
    ordered = names == [_tag(name) for name in model._type_info] and len(nested) <= 1
    return _Table(
        leaves=leaves,
        nested=nested,
        orders=(leaves, tuple(leaf for leaf in leaves if leaf.required)) if ordered else (),
        texts=_query("/".join([*_steps(path), "*", "text()"])),
        is_spaced=_spaces_within([(*path, QName(one.tag).localname) for one in nested]),
        # The members of a group are read as if they stood in its parent: their names differ.
        children=_Element.iterdescendants if grouped else _Element.iterchildren,
        build=builder(build or model.Attributes.python_type),
    )


def _leaves(model: Model, prefix: str = "") -> Iterator[_Leaf]:
    for name, child in model._type_info.items():
        attribute = prefix + attribute_name(name, child)
        if not issubclass(child, ComplexModelBase):
            convert, required = converter(child), bool(child.Attributes.min_occurs)
            # An empty optional text is how some toolchains write an absent one.
            empty = "" if convert is None and required else None
            yield _Leaf(_tag(name), attribute, required, convert, empty)
        elif is_group(child):
            yield from _leaves(child, prefix=f"{attribute}_")


def _nested(model: Model, path: tuple[str, ...]) -> Iterator[_Nested]:
    for name, child in model._type_info.items():
        if issubclass(child, ComplexModelBase) and not is_group(child):
            steps = (*path, name)
            yield _Nested(
                tag=_tag(name),
                attribute=attribute_name(name, child),
                repeated=is_repeated(child),
                find=_query("/".join(_steps(steps))),
                table=_table(child, steps),
            )


def _spaces_within(places: Sequence[tuple[str, ...]]) -> Callable[[_Element], bool]:
    if not places:
        return lambda _: False
    texts = " | ".join("/".join([*_steps(path), "text()"]) for path in places)
    return _query(f"boolean({texts})")


def _query(path: str) -> Callable[[_Element], Any]:
    return XPath(path, namespaces={"p": NAMESPACE}, smart_strings=False)


def _steps(path: Iterable[str]) -> list[str]:
    return [f"p:{step}" for step in path]


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
