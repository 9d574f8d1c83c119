"""The endpoint behind granian, as users run it: what depends on the server in front."""

from http.client import HTTPConnection
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

from werkzeug.datastructures import Authorization

from bridge.app import Application, utc_now
from bridge.demo.processes import lay_out, running_bridge
from bridge.operations.calls import list_calls
from bridge.operations.consumers import create_consumer
from bridge.settings import load_settings
from bridge.soap.calls import decode_receipt, encode_request
from tests.soap.conftest import CONSUMER
from tests.soap.samples import INVOICE

CALL = encode_request("SubmitInvoices", "m-1", [INVOICE])


def test_a_challenged_connection_serves_the_next_call(tmp_path: Path) -> None:
    """.NET sends a call without credentials, its head before its body, and then again with them."""
    place = lay_out(tmp_path, None)
    application = Application(load_settings(environment=place.environment))
    with running_bridge(place, every_seconds=0):
        secret = create_consumer(application.sessions, name=CONSUMER, now=utc_now())
        application.engine.dispose()
        connection = HTTPConnection(urlsplit(place.bridge_url).netloc, timeout=30)
        for _ in range(3):
            assert post(connection, None)[0] == 401
            status, content = post(connection, secret)
            assert status == 200
        connection.close()
    assert decode_receipt(content).replayed


def test_a_server_that_stops_writes_its_last_calls_down(tmp_path: Path) -> None:
    """What was answered just before is in the trail, though it is stored behind the answers."""
    place = lay_out(tmp_path, None)
    application = Application(load_settings(environment=place.environment))
    with running_bridge(place, every_seconds=0):
        connection = HTTPConnection(urlsplit(place.bridge_url).netloc, timeout=30)
        for _ in range(5):
            assert post(connection, None)[0] == 401
        connection.close()
    rows = list_calls(application.sessions)
    application.engine.dispose()
    assert [(one.row.consumer, one.row.address) for one in rows] == [(None, "127.0.0.1")] * 5


def post(connection: HTTPConnection, secret: str | None) -> tuple[int, bytes]:
    """Sends the call's head, a little later its body; gives status and content of the answer."""
    headers = {"Content-Type": "text/xml", "Content-Length": str(len(CALL))}
    if secret is not None:
        credentials = {"username": CONSUMER, "password": secret}
        headers["Authorization"] = str(Authorization("basic", credentials))
    connection.auto_open = connection.sock is None  # the first call opens it, no later one
    connection.request("POST", "/soap/v1", headers=headers)
    sleep(0.05)
    connection.send(CALL)
    response = connection.getresponse()
    return response.status, response.read()
