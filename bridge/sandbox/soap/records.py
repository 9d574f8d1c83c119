"""Rows written as sObjects, exactly as Salesforce does.

``type``, then ``Id`` (nil where it was not asked for), then the fields in the order of the query:
an Id that was asked for stands twice. Nulls are ``xsi:nil``, parents nested sObjects.
"""

from collections.abc import Callable, Sequence

from bridge.sandbox.soql.statement import Leaf, Shape
from bridge.sandbox.values import Stored, renderer

Row = Sequence[Stored | None]
Writer = Callable[[Row], str]

_START = ' xsi:type="sf:sObject"><sf:type>'


def record_writer(shape: Shape, element: str) -> Writer:
    """The function that writes one row as ``element``, its fields' writers chosen once."""
    head = f"<{element}{_START}{shape.sobject.name}</sf:type>"
    foot = f"</{element}>"
    write_id = _id(shape)
    writers = [_member(name, member) for name, member in shape.members.items()]

    def write(row: Row) -> str:
        return "".join([head, write_id(row), *[member(row) for member in writers], foot])

    return write


def _id(shape: Shape) -> Writer:
    column = shape.id_column
    if column is None or not shape.shows_id:
        return lambda row: '<sf:Id xsi:nil="true"/>'
    return lambda row: f"<sf:Id>{row[column]}</sf:Id>"


def _member(name: str, member: Leaf | Shape) -> Writer:
    if isinstance(member, Leaf):
        return _leaf(name, member)
    write = record_writer(member, f"sf:{name}")
    missing, column = f'<sf:{name} xsi:nil="true"/>', member.id_column or 0
    return lambda row: missing if row[column] is None else write(row)


def _leaf(name: str, leaf: Leaf) -> Writer:
    column, render = leaf.column, renderer(leaf.field)
    start, end, missing = f"<sf:{name}>", f"</sf:{name}>", f'<sf:{name} xsi:nil="true"/>'

    def write(row: Row) -> str:
        value = row[column]
        return missing if value is None else start + render(value) + end

    return write
