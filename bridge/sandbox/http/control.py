"""The sandbox's own endpoint: the faults in force, read and replaced while it runs."""

from dataclasses import asdict

from werkzeug.wrappers import Request, Response

from bridge.sandbox.calls.table import OPERATIONS
from bridge.sandbox.errors import SandboxError
from bridge.sandbox.faults import NO_FAULTS, FaultRules, read_fault_rules
from bridge.sandbox.faults.rules import NOTIFICATIONS, TOKEN
from bridge.sandbox.http.messages import json_response
from bridge.sandbox.org import Org

_LARGEST_BYTES = 1024 * 1024


def answer_about_faults(org: Org, request: Request) -> Response:
    """GET tells the rules and how often each was met, PUT takes others as TOML, DELETE none."""
    if request.method == "DELETE":
        org.faults.replace(NO_FAULTS)
    if request.method == "PUT":
        try:
            text = request.stream.read(_LARGEST_BYTES).decode()
            org.faults.replace(read_faults(text, "the request"))
        except (SandboxError, UnicodeDecodeError) as error:
            return json_response(400, {"error": str(error)})
    rules, met = org.faults.report()
    told = [{**asdict(rule), "met": n} for rule, n in zip(rules.rules, met, strict=True)]
    return json_response(200, {"seed": rules.seed, "faults": told})


def read_faults(text: str, where: str) -> FaultRules:
    """Rules about the calls that there are, and the token endpoint. Raises SandboxError."""
    return read_fault_rules(text, where, operations=[*OPERATIONS, TOKEN, NOTIFICATIONS])
