"""A webhook to an admitted host: the port `Webhook`."""

from __future__ import annotations

from collections.abc import Mapping

from baize.adapters.fetch_httpx import HttpxFetcher
from baize.errors import DependencyUnavailable

_MAX_BYTES = 64_000


class HttpxWebhook:
    """Posts to one address."""

    def __init__(self, http: HttpxFetcher, url: str) -> None:
        self._http = http
        self._url = url

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """As `Webhook.post`: any 2xx is taken."""
        status, _ = await self._http.send(
            "POST", self._url, headers=headers, content=body, max_bytes=_MAX_BYTES
        )
        if not 200 <= status < 300:
            raise DependencyUnavailable(f"The service desk answers {status}.", remedy="It is sent again.")
