"""What servers of benchmarks load: the small contract's service, and the stock echo."""

from bridge.settings import Settings
from bridge.soap.calls import SOAP_11, encode_request
from tests.benchmarks.samples import BATCH, PLACEHOLDER, new_invoices
from tests.benchmarks.small import SmallApplication, read_small, small_request
from tests.benchmarks.stock import create_echo

# isort: split
from werkzeug.test import Client


def test_the_small_service_answers_a_result_for_each_invoice() -> None:
    """As it is asked over HTTP, within the bridge's limits."""
    client = Client(SmallApplication(Settings()).wsgi())
    answer = client.post("/soap/v1", data=small_request(), content_type=SOAP_11.content_type)
    assert answer.status_code == 200
    assert answer.data.count(b"<Outcome>ACCEPTED</Outcome>") == BATCH
    assert len(read_small(small_request())[1]) == BATCH


def test_the_echo_gives_invoices_back() -> None:
    """And says that all is well where nothing is submitted."""
    client = Client(create_echo())
    for request, part in (
        (encode_request("Ping"), b"OK<"),
        (new_invoices(1), f">{PLACEHOLDER}-0<".encode()),
    ):
        answer = client.post("/", data=request, content_type=SOAP_11.content_type)
        assert answer.status_code == 200, answer.data
        assert part in answer.data
