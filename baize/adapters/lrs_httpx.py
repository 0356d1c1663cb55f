"""A learning record store over HTTP (xAPI 1.0.3, Communication 2.1): the port `RecordStore`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote

from baize.adapters.fetch_httpx import HttpxFetcher
from baize.domain.statement import Statement
from baize.errors import DependencyUnavailable, InvalidInput

_MAX_BYTES = 1_000_000
_CONFLICT = 409


class HttpxRecordStore:
    """Posts statements.

    Args:
        url: of the store, without `/statements`; {platform_id} in it is filled in.
    """

    def __init__(self, http: HttpxFetcher, *, url: str, username: str, password: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._basic = base64.b64encode(f"{username}:{password}".encode()).decode()

    async def send(self, platform_id: str, statements: Sequence[Statement]) -> bool:
        """As `RecordStore.send`."""
        url = self._url.replace("{platform_id}", quote(platform_id, safe="")) + "/statements"
        headers = {
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
            "Authorization": f"Basic {self._basic}",
        }
        body = f"[{','.join(one.body for one in statements)}]".encode()
        try:
            status, _ = await self._http.send(
                "POST", url, headers=headers, content=body, max_bytes=_MAX_BYTES
            )
        except InvalidInput as error:
            raise DependencyUnavailable(
                f"The LRS cannot be asked: {error}", remedy="Check lrs.url and lrs.hosts."
            ) from None
        if 200 <= status < 300 or (status == _CONFLICT and len(statements) == 1):
            # A conflict of one: it is there already.
            return True
        if status in (400, _CONFLICT, 413):
            return False
        raise DependencyUnavailable(f"The LRS answers {status}.", remedy="Statements are sent again.")
