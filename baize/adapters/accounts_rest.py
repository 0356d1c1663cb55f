"""Accounts over REST, as a sample of a connector: the port `Accounts`.

`GET {base_url}/learners/{id}/{kind}` with `Authorization: Bearer …` answers
`{"items": [{"title": "…", "value": "…", "at": "…", "url": "…"}]}`; 404 means that the platform knows no such
learner. Only admitted hosts are asked (`support.hosts`), and no redirect is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError

from baize.adapters.fetch_httpx import HttpxFetcher
from baize.domain.support import AccountRecord, RecordKind
from baize.errors import DependencyUnavailable, InvalidInput

_MAX_BYTES = 1_000_000
_OK, _NOT_FOUND = 200, 404


class _Item(BaseModel):
    title: str = Field("", max_length=500)
    value: str = Field("", max_length=500)
    at: str = Field("", max_length=64)
    url: str = Field("", max_length=2000, pattern=r"^(https://[^\s<>\"]*)?$")


class _Page(BaseModel):
    items: list[_Item] = Field(max_length=200)


class RestAccounts:
    """One platform's account service.

    Args:
        base_url: may hold {platform_id}.
    """

    def __init__(self, http: HttpxFetcher, *, base_url: str, api_key: str) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key

    async def look_up(self, platform_id: str, learner_id: str, kind: RecordKind) -> Sequence[AccountRecord]:
        """As `Accounts.look_up`."""
        base = self._base_url.replace("{platform_id}", quote(platform_id, safe=""))
        url = f"{base}/learners/{quote(learner_id, safe='')}/{kind}"
        headers = {"Accept": "application/json"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        try:
            status, body = await self._http.send("GET", url, headers=headers, max_bytes=_MAX_BYTES)
            if status == _NOT_FOUND:
                return []
            if status != _OK:
                raise DependencyUnavailable(
                    f"The account service answers {status}.", remedy="Try again later."
                )
            items = _Page.model_validate_json(body).items
        except ValidationError as error:
            # Its message would hold what the service said of a learner.
            raise DependencyUnavailable(
                f"The account service does not answer as agreed ({error.error_count()} fields).",
                remedy="See docs/support.md.",
            ) from None
        except InvalidInput as error:
            # Its message holds the address, which holds the learner's id.
            raise DependencyUnavailable(
                f"The account service cannot be asked ({type(error).__name__}).",
                remedy="Check support.accounts_url and support.hosts.",
            ) from None
        return [AccountRecord(kind, item.title, item.value, item.at, item.url) for item in items]
