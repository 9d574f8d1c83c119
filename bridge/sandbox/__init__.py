"""A Salesforce to run against: OAuth and SOAP Partner API over HTTP, its data in an SQLite file.

Demos, tests and a first look at the product need a Salesforce that answers as the real one does:
the same wire shapes, the same faults, the same limits, and data that outlives the process. This
package is that Salesforce. It stands on the far side of the network, so it may import the standard
library, lxml, werkzeug, cheroot, PyJWT and cryptography, and nothing else of this project.

The way of a call: ``server`` (sockets) -> ``http`` (routes) -> ``soap`` (envelopes) -> ``calls``
(operations) -> ``soql`` and ``schema`` -> ``storage``. What shall go wrong with it is decided in
``faults``; who is told of changes, by ``outbound``.
"""

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.http.listening import Certificate
from bridge.sandbox.org import Limits
from bridge.sandbox.server import Credentials, SandboxServer, Setup, run

__all__ = ["Certificate", "Credentials", "Limits", "SandboxError", "SandboxServer", "Setup", "run"]
