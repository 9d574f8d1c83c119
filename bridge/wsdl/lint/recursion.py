"""Types that hold themselves, directly or through others."""

from collections.abc import Iterator

from bridge.wsdl.content import Contents
from bridge.wsdl.model import ComplexType, Schema, TypeUse

_Edges = dict[str, list[str]]


def on_circles(schema: Schema) -> set[str]:
    """The names of complex types that can be reached from themselves."""
    contents = Contents(schema)
    edges: _Edges = {
        f"element {name}": list(_of_use(contents, element.type))
        for name, element in schema.elements.items()
    }
    for name, of in schema.types.items():
        edges[name] = list(_of_use(contents, of))
    found = {name for group in _connected(edges) if len(group) > 1 for name in group}
    found |= {name for name, held in edges.items() if name in held}
    return found & schema.types.keys()


def _of_use(contents: Contents, use: TypeUse | None) -> Iterator[str]:
    """The named types and global elements that a type holds, through anonymous types too."""
    if isinstance(use, str):
        yield use
    elif isinstance(use, ComplexType):
        if use.base is not None:
            yield use.base
        for name, member in contents.own(use).members.items():
            if member.element.type is None:
                yield f"element {name}"
            else:
                yield from _of_use(contents, member.element.type)


def _connected(edges: _Edges) -> Iterator[list[str]]:
    """The strongly connected groups: R. Tarjan's algorithm, with a stack of its own."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    work: list[tuple[str, Iterator[str]]] = []

    def enter(node: str) -> None:
        order[node] = low[node] = len(order)
        path.append(node)
        on_path.add(node)
        work.append((node, iter(edges[node])))

    def leave(node: str) -> Iterator[list[str]]:
        work.pop()
        if work:
            low[work[-1][0]] = min(low[work[-1][0]], low[node])
        if low[node] == order[node]:
            group = [path.pop()]
            while group[-1] != node:
                group.append(path.pop())
            on_path.difference_update(group)
            yield group

    for root in edges:
        if root not in order:
            enter(root)
        while work:
            node, rest = work[-1]
            following = next((one for one in rest if one in edges), None)
            if following is None:
                yield from leave(node)
            elif following not in order:
                enter(following)
            elif following in on_path:
                low[node] = min(low[node], order[following])
