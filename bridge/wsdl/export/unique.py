"""Names for files, no two of them alike."""

from itertools import chain, count


class UniqueNames:
    """Gives names out once each; capitals make no difference, as on some file systems."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, stem: str, suffix: str = "") -> str:
        """The name, or one with a number before its suffix."""
        candidates = chain([stem + suffix], (f"{stem}-{n}{suffix}" for n in count(2)))
        name = next(one for one in candidates if one.lower() not in self._taken)
        self._taken.add(name.lower())
        return name
