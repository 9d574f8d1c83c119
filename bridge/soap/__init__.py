"""The SOAP front: the published contract, its codec, services, faults and HTTP limits.

Spyne publishes (types, WSDL); our own codec decodes, validates
and encodes. What a call means lives in `bridge.operations`; here it is only translated. May
import bridge, bridge.domain and bridge.operations, and is the only home of Spyne.

The one workaround for Spyne 2.14 on Python 3.12 and later stands here, because this package is
imported before any of its modules can reach Spyne. Spyne carries a copy of `six` 1.14 whose lazy
`six.moves` modules are found by the import hooks that Python 3.12 removed, so `import spyne` fails
there. PyPI's `six` takes its place, with the one function that Spyne added to its copy. Spyne also
imports `cgi`, which Python 3.13 removed: the distribution `legacy-cgi` (in setup.cfg) brings it
back.
"""

import sys
from importlib import import_module
from operator import attrgetter
from types import ModuleType

import six


def _replace_spynes_six() -> None:
    replacement = ModuleType("spyne.util.six")
    vars(replacement).update(vars(six) | {"__name__": replacement.__name__})
    replacement.get_function_name = attrgetter("__name__")  # type: ignore[attr-defined]
    sys.modules.setdefault("spyne.util.six", replacement)
    for moved in _MOVED_MODULES:
        sys.modules.setdefault(f"spyne.util.{moved}", import_module(moved))


_MOVED_MODULES = (
    "six.moves",
    "six.moves.collections_abc",
    "six.moves.http_cookies",
    "six.moves.urllib",
    "six.moves.urllib.error",
    "six.moves.urllib.parse",
    "six.moves.urllib.request",
)
"""What Spyne imports through its copy."""

_replace_spynes_six()
