"""Retries, new sessions, counting and results, against real HTTP."""

from collections.abc import Callable
from functools import partial
from threading import Barrier

import pytest

from bridge.salesforce import (
    ApiLimit,
    Calls,
    Remedy,
    RowError,
    SalesforceClient,
    SalesforceError,
    SObject,
    Surroundings,
)
from tests.salesforce.scripted import (
    Asked,
    Reply,
    Server,
    envelope,
    fault,
    run_in_threads,
    settings_for,
    timestamp_reply,
)

ROW = SObject("Account", None, {"ERP_Key__c": "C1", "Name": "Acme"})


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    """Answers with each reply once."""
    waiting = iter(replies)
    return lambda _: next(waiting)


def page(keys: str, *, locator: str = "", size: int = 0) -> Reply:
    """A query page of Accounts named by letters."""
    rows = "".join(
        f'<records xsi:type="sf:sObject"><sf:type>Account</sf:type><sf:Id>001{key * 12}AAA</sf:Id>'
        f"<sf:Name>{key}</sf:Name></records>"
        for key in keys
    )
    where = f"<queryLocator>{locator}</queryLocator>" if locator else '<queryLocator xsi:nil="1"/>'
    done = "false" if locator else "true"
    return Reply(
        200,
        envelope(
            f"<queryResponse><result><done>{done}</done>{where}{rows}"
            f"<size>{size or len(keys)}</size></result></queryResponse>"
        ),
    )


def upserted(results: str) -> Reply:
    return Reply(200, envelope(f"<upsertResponse>{results}</upsertResponse>"))


def test_backs_off_and_tries_again(
    server: Server, client: SalesforceClient, pauses: list[float]
) -> None:
    """A passing trouble is met by pauses that double."""
    server.answer = in_turn(
        fault("UNABLE_TO_LOCK_ROW"), Reply(503), fault("SERVER_UNAVAILABLE"), timestamp_reply()
    )
    client.server_timestamp()
    assert pauses == [1, 2, 4]
    assert client.calls == Calls(other=4)


def test_pauses_are_capped_and_shortened_by_chance(server: Server) -> None:
    """No pause exceeds the setting, and chance keeps two bridges from meeting again."""
    pauses: list[float] = []
    server.answer = lambda _: Reply(503)
    settings = settings_for(server, attempts=4, backoff_max_seconds=3)
    with (
        SalesforceClient(settings, Surroundings(sleep=pauses.append, random=lambda: 0.5)) as client,
        pytest.raises(SalesforceError, match="HTTP_ERROR"),
    ):
        client.server_timestamp()
    assert pauses == [0.75, 1.5, 2.25]


def test_gives_up_at_once_where_trying_again_cannot_help(
    server: Server, client: SalesforceClient, pauses: list[float]
) -> None:
    """An error for a person is raised without a second call."""
    server.answer = lambda _: fault("INSUFFICIENT_ACCESS")
    with pytest.raises(SalesforceError, match="INSUFFICIENT_ACCESS"):
        client.server_timestamp()
    assert pauses == []
    assert client.calls == Calls(other=1)


def test_logs_in_once_more_when_the_session_died(server: Server, client: SalesforceClient) -> None:
    """A dead session costs one login, and the call is made again."""
    server.answer = in_turn(fault("INVALID_SESSION_ID"), timestamp_reply())
    client.server_timestamp()
    assert server.logins() == 2
    assert [asked.session_id for asked in server.asked if asked.operation != "token"] == [
        "secret-session-1",
        "secret-session-2",
    ]


def test_does_not_log_in_for_ever(server: Server, client: SalesforceClient) -> None:
    """A new session that is refused too is an error, not a loop."""
    server.answer = lambda _: fault("INVALID_SESSION_ID")
    with pytest.raises(SalesforceError, match="INVALID_SESSION_ID"):
        client.server_timestamp()
    assert server.logins() == 2


def test_never_repeats_a_create_whose_end_is_unknown(
    server: Server, client: SalesforceClient, pauses: list[float]
) -> None:
    """A create() that may have happened is not made twice; one that was refused is."""
    server.answer = lambda _: Reply(None)
    with pytest.raises(SalesforceError, match="CONNECTION_LOST"):
        client.create([ROW])
    assert pauses == []
    created = (
        "<createResponse><result><id>001</id><success>true</success></result></createResponse>"
    )
    server.answer = in_turn(fault("SERVER_UNAVAILABLE"), Reply(200, envelope(created)))
    assert client.create([ROW])[0].success
    assert server.operations() == ["create"] * 3


def test_follows_a_query_to_its_end(server: Server, client: SalesforceClient) -> None:
    """Pages come one by one; each asks for the next by the locator of the last."""
    server.answer = in_turn(page("ab", locator="L-2", size=3), page("c", size=3))
    pages = list(client.query_pages("SELECT Id, Name FROM Account", include_deleted=True))
    assert [[row.fields["Name"] for row in page.rows] for page in pages] == [["a", "b"], ["c"]]
    assert [page.size for page in pages] == [3, 3]
    assert server.operations() == ["queryAll", "queryMore"]
    assert server.asked[-1].envelope.findtext(".//{*}queryLocator") == "L-2"
    assert server.asked[-1].envelope.findtext(".//{*}QueryOptions/{*}batchSize") == "2000"
    assert client.calls == Calls(queries=2)


def test_fetches_no_page_that_nobody_asked_for(server: Server, client: SalesforceClient) -> None:
    """A reader that stops early costs no further call."""
    server.answer = lambda _: page("a", locator="L-2", size=9)
    next(client.query_pages("SELECT Id FROM Account"))
    assert server.operations() == ["query"]


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([page("ab", locator="L-2", size=4), page("c", size=4)], "promised 4 rows and gave 3"),
        ([page("a", locator="L", size=9), page("b", locator="L", size=9)], "without end"),
        ([page("a", locator="L", size=9), page("", locator="M", size=9)], "no way to them"),
        (
            [
                Reply(
                    200,
                    envelope("<queryResponse><result><done>false</done></result></queryResponse>"),
                )
            ],
            "no way to them",
        ),
    ],
)
def test_refuses_a_query_that_would_lose_rows(
    server: Server, client: SalesforceClient, replies: list[Reply], message: str
) -> None:
    """An org that ends a query early, or never, is not believed."""
    server.answer = in_turn(*replies)
    with pytest.raises(SalesforceError, match=message):
        list(client.query_pages("SELECT Id FROM Account"))


def test_gives_each_row_its_result(server: Server, client: SalesforceClient) -> None:
    """Results stand in the rows' order, with what each error demands."""
    server.answer = lambda _: upserted(
        "<result><created>true</created><id>001000000000001AAA</id><success>true</success></result>"
        "<result><created>false</created><errors><fields>Name</fields><message>too\n long</message>"
        "<statusCode>STRING_TOO_LONG</statusCode></errors><id xsi:nil='true'/>"
        "<success>false</success></result>"
        "<result><created>false</created><errors><message>lock</message>"
        "<statusCode>UNABLE_TO_LOCK_ROW</statusCode></errors><id xsi:nil='true'/>"
        "<success>false</success></result>"
        "<result><created>false</created><errors><message>race</message>"
        "<statusCode>DUPLICATE_VALUE</statusCode></errors><id xsi:nil='true'/>"
        "<success>false</success></result>"
    )
    results = client.upsert("Account", "ERP_Key__c", [ROW] * 4)
    assert (results[0].success, results[0].created, results[0].remedy) == (True, True, None)
    assert results[1].errors == (RowError("STRING_TOO_LONG", "too long", ("Name",)),)
    assert str(results[1].errors[0]) == "STRING_TOO_LONG: too long (Name)"
    assert [result.remedy for result in results[1:]] == [
        Remedy.GIVE_UP,
        Remedy.RETRY,
        Remedy.RETRY,  # two upserts of one new key met
    ]
    assert client.calls == Calls(upserts=1)


def test_refuses_results_that_do_not_match_the_rows(
    server: Server, client: SalesforceClient
) -> None:
    """Fewer results than rows are an error: nobody could tell whose they are."""
    server.answer = lambda _: upserted("<result><success>true</success></result>")
    with pytest.raises(SalesforceError, match="1 results for 2 rows"):
        client.upsert("Account", "ERP_Key__c", [ROW, ROW])


def test_refuses_too_many_rows_before_sending_them(
    server: Server, client: SalesforceClient
) -> None:
    """A batch beyond the limit asks to be made smaller, and costs no call."""
    with pytest.raises(SalesforceError) as caught:
        client.upsert("Account", "ERP_Key__c", [ROW] * 201)
    assert caught.value.remedy is Remedy.SHRINK
    assert server.asked == []


def test_refuses_rows_of_another_type(client: SalesforceClient) -> None:
    """An upsert takes rows of one type only."""
    with pytest.raises(ValueError, match="Account among rows of Contact"):
        client.upsert("Contact", "ERP_Key__c", [ROW])


def test_no_rows_cost_no_call(server: Server, client: SalesforceClient) -> None:
    """Nothing to write or read is nothing to send."""
    assert client.upsert("Account", "ERP_Key__c", []) == []
    assert client.delete([]) == []
    assert client.retrieve("Account", ["Name"], []) == []
    assert client.describe([]) == {}
    assert server.asked == []


def test_keeps_the_last_limit_that_was_told(server: Server, client: SalesforceClient) -> None:
    """The org's API usage is what the last answer that stated it said."""
    assert client.limit is None
    server.answer = in_turn(timestamp_reply(), page("a"))
    client.server_timestamp()
    list(client.query_pages("SELECT Id FROM Account"))
    assert client.limit == ApiLimit(current=7, limit=15000)


def test_counts_the_calls_between_two_readings() -> None:
    """A run tells its own calls from those before it."""
    assert Calls(5, 4, 3).since(Calls(3, 4, 1)) == Calls(2, 0, 2)


def test_keeps_its_connection(server: Server, client: SalesforceClient) -> None:
    """Calls in a row travel over one connection."""
    ports = set()
    server.answer = timestamp_reply
    for _ in range(3):
        client.server_timestamp()
        ports.add(server.asked[-1].client_port)
    assert len(ports) == 1


def test_writes_name_their_headers(server: Server) -> None:
    """Partial success is asked for by name; duplicate rules are overridden only when set."""
    server.answer = lambda _: upserted("<result><success>true</success></result>")
    settings = settings_for(server, save_despite_duplicate_rules=True)
    with SalesforceClient(settings) as client:
        client.upsert("Account", "ERP_Key__c", [ROW])
    sent = server.asked[-1].envelope
    assert sent.findtext(".//{*}AllOrNoneHeader/{*}allOrNone") == "false"
    assert sent.findtext(".//{*}DuplicateRuleHeader/{*}allowSave") == "true"


def test_threads_share_a_client(server: Server) -> None:
    """Calls of several threads do not mix, and every one is counted."""
    client = SalesforceClient(settings_for(server, concurrent_calls=8))
    together = Barrier(8)

    def answer(asked: Asked) -> Reply:
        together.wait(10)
        return page(str(asked.envelope.findtext(".//{*}queryString")))

    server.answer = answer

    def names(key: str) -> list[object]:
        return [page.rows[0].fields["Name"] for page in client.query_pages(key)]

    found = run_in_threads([partial(names, key) for key in "abcdefgh"])
    assert found == [[key] for key in "abcdefgh"]
    assert client.calls == Calls(queries=8)
    client.close()
