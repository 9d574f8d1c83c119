"""A Postman collection (v2.1): a folder per operation, credentials and address as variables.

The format: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html
"""

import json
from collections.abc import Iterable
from typing import Any

from bridge.wsdl.export.requests import SampleRequest, with_new_message_ids

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_MEDIA_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


def postman_collection(name: str, documentation: str, requests: Iterable[SampleRequest]) -> str:
    """The collection as JSON; the secret is left for Postman's vault or an environment."""
    requests = list(requests)
    address = next((one.address for one in requests), "")
    collection = {
        "info": {"name": name, "description": documentation, "schema": _SCHEMA},
        "auth": {
            "type": "basic",
            "basic": [_variable("username", "{{consumer}}"), _variable("password", "{{secret}}")],
        },
        "variable": [
            _variable("address", address),
            _variable("consumer", ""),
            _variable("secret", ""),
        ],
        "item": [_folder(one, address) for one in requests],
    }
    return json.dumps(collection, indent=2, ensure_ascii=False) + "\n"


def _variable(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _folder(request: SampleRequest, address: str) -> dict[str, Any]:
    envelopes = {"minimal": request.minimal, "full": request.full}
    return {
        "name": request.label,
        "description": request.documentation,
        "item": [
            {"name": name, "request": _request(request, envelope, address), "response": []}
            for name, envelope in envelopes.items()
        ],
    }


def _request(request: SampleRequest, envelope: bytes, address: str) -> dict[str, Any]:
    media_type = _MEDIA_TYPES[request.binding.soap]
    headers = [{"key": "Content-Type", "value": media_type}]
    if request.binding.soap == "1.1":
        headers.append({"key": "SOAPAction", "value": f'"{request.operation.action}"'})
    else:
        headers[0]["value"] += f'; action="{request.operation.action}"'
    return {
        "method": "POST",
        "header": headers,
        "body": {
            "mode": "raw",
            "raw": with_new_message_ids(envelope, "{{$guid}}"),
            "options": {"raw": {"language": "xml"}},
        },
        "url": "{{address}}" if request.address == address else request.address,
        "description": request.documentation,
    }
