"""The connectors of customer service, over a scripted platform: what is asked, and who may be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from baize.adapters.accounts_rest import RestAccounts
from baize.adapters.fetch_httpx import FetchOptions, HttpxFetcher
from baize.adapters.webhook_httpx import HttpxWebhook
from baize.domain.support import AccountRecord
from baize.errors import DependencyUnavailable, InvalidInput
from tests.servers.service_desk import KEY, ServiceDesk

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk() -> Iterator[ServiceDesk]:
    with ServiceDesk() as server:
        yield server


def admitted(desk: ServiceDesk) -> HttpxFetcher:
    """Only this server, which is on this machine."""
    options = FetchOptions(hosts=(desk.host,), private_hosts=("127.0.0.1",), setting="support.hosts")
    return HttpxFetcher(options)


async def test_a_host_that_is_not_admitted_is_told_with_its_own_setting() -> None:
    """Not with that of course files, which would not help."""
    nowhere = HttpxFetcher(FetchOptions(setting="support.hosts"))
    with pytest.raises(
        InvalidInput, match=r"is not asked: .* Ask the operator to admit it in support\.hosts\.$"
    ):
        await HttpxWebhook(nowhere, "https://desk.example/tickets").post(b"{}", {})
    inside = HttpxFetcher(FetchOptions(hosts=("http://localhost",), setting="support.hosts"))
    with pytest.raises(InvalidInput, match=r"\(support\.private_hosts admits it\)"):
        await HttpxWebhook(inside, "http://localhost/tickets").post(b"{}", {})


async def test_records_are_shown_as_the_platform_reports_them(desk: ServiceDesk) -> None:
    """Any id goes into one part of the path; who is unknown has none."""
    desk.records["奶奶/1", "credits"] = [{"title": "总学分", "value": "12.50", "at": "2026-11-01"}]
    accounts = RestAccounts(admitted(desk), base_url=f"{desk.host}/{{platform_id}}/", api_key=KEY)
    assert await accounts.look_up("p", "奶奶/1", "credits") == [
        AccountRecord("credits", "总学分", "12.50", "2026-11-01")
    ]
    assert await accounts.look_up("p", "nobody", "credits") == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"items": [{"title": 3}]}', b'{"items": [{"url": "javascript:alert(1)"}]}']
)
async def test_what_is_not_as_agreed_is_unavailable(desk: ServiceDesk, body: bytes) -> None:
    """And nothing of it, nor the learner, stands in the error."""
    desk.records["lin-42", "credits"], desk.body = [], body or b"null"
    accounts = RestAccounts(admitted(desk), base_url=desk.host, api_key=KEY)
    with pytest.raises(DependencyUnavailable) as raised:
        await accounts.look_up("p", "lin-42", "credits")
    assert "lin-42" not in str(raised.value)
    assert "alert" not in str(raised.value)


@pytest.mark.parametrize(("path", "key"), [("", "wrong"), ("/moved", KEY)])
async def test_refusals_and_redirects_are_not_followed(desk: ServiceDesk, path: str, key: str) -> None:
    """A redirect could lead to a host that nobody admitted."""
    accounts = RestAccounts(admitted(desk), base_url=f"{desk.host}{path}", api_key=key)
    with pytest.raises(DependencyUnavailable, match=r"answers (401|302)"):
        await accounts.look_up("p", "lin-42", "credits")


async def test_only_admitted_hosts_are_asked(desk: ServiceDesk) -> None:
    """Neither another host, nor one of this machine that is not admitted as private."""
    desk.records["lin-42", "credits"] = []
    elsewhere = HttpxFetcher(FetchOptions(hosts=("other.example",)))
    public = HttpxFetcher(FetchOptions(hosts=(desk.host,)))
    for http in (elsewhere, public):
        with pytest.raises(DependencyUnavailable) as raised:
            await RestAccounts(http, base_url=desk.host, api_key=KEY).look_up("p", "lin-42", "credits")
        assert "lin-42" not in str(raised.value)
        with pytest.raises(InvalidInput):
            await HttpxWebhook(http, f"{desk.host}/tickets").post(b"{}", {})
    assert desk.sent == []
