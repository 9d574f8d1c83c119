"""How counts stand in sentences."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 key`, `2,500 keys`; `many` is the plural that adds no s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
