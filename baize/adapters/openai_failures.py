"""What the openai SDK raises, told as errors of Bai Ze: shared by the chat and the embedding adapter.

The SDK's own messages quote the endpoint's body, which may echo the prompt or a part of the key. So
nothing of the body is passed on but its machine-readable type, and the original is not chained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from baize.errors import UpstreamBusy, UpstreamFailed, UpstreamRejected

if TYPE_CHECKING:
    import openai

_REMEDIES = {
    400: "Check the model name, the thinking style and the extra body in the settings against its API.",
    401: "Its key is missing or wrong: set the right one in the environment.",
    402: "The account's balance is used up: top it up at the provider.",
    403: "The key may not use this model: check its permissions at the provider.",
    404: "Check the base URL (it usually ends in /v1) and the model name in the settings.",
    413: "The request is too long: lower the evidence budget in the settings.",
    422: "It refused a parameter: check the prompt's sampling and the extra body in the settings.",
}
_REJECTED_REMEDY = "Check the settings of this endpoint; asking again will not help."
_BUSY_REMEDY = "Try again in a moment; if it stays so, look at the provider's status page."
_BUSY_STATUSES = frozenset({408, 429})
_REASONING = "reasoning_content"
"""The field that old endpoints refuse and newer ones want back; a 400 that names it can be repaired."""
_LONGEST_WAIT_S = 3600.0
"""Some gateways put an instant in seconds where the seconds to wait belong: that is 56 years."""
_MACHINE_WORD = re.compile(r"[a-z][a-z_]{2,40}")


@contextmanager
def openai_failures(endpoint: str) -> Iterator[None]:
    """Turns what the SDK raises inside into `UpstreamRejected` and `UpstreamBusy`.

    Args:
        endpoint: how the message names the other side, for example `The chat endpoint`.
    """
    import aiohttp
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _status_failure(endpoint, error) from None
    except openai.APITimeoutError:
        raise UpstreamBusy(f"{endpoint} did not answer in time.", remedy=_BUSY_REMEDY) from None
    except (openai.APIConnectionError, aiohttp.ClientError, ConnectionError):
        raise UpstreamBusy(
            f"The connection to {_in_sentence(endpoint)} failed or broke.",
            remedy="Check the base URL and the network; if they are right, try again in a moment.",
        ) from None
    except (openai.OpenAIError, ValueError) as error:
        kind = machine_word(error.code, error.type) if isinstance(error, openai.APIError) else ""
        raise UpstreamBusy(f"{endpoint} broke off with an error{kind}.", remedy=_BUSY_REMEDY) from None


def _status_failure(endpoint: str, error: openai.APIStatusError) -> UpstreamFailed:
    status = error.status_code
    wait_s = retry_after_s(error.response.headers)
    busy = status >= 500 or status in _BUSY_STATUSES
    remedy = _BUSY_REMEDY if busy else _REMEDIES.get(status, _REJECTED_REMEDY)
    said = "is overloaded" if busy else "refused the request"
    message = f"{endpoint} {said}: {status}{machine_word(error.code, error.type)}."
    kind = UpstreamBusy if busy else UpstreamRejected
    about = _REASONING if status == 400 and _REASONING in str(error.body) else ""
    return kind(message, remedy=remedy, status=status, retry_after_s=wait_s, about=about)


def machine_word(*words: object) -> str:
    """` (invalid_request_error)`: the first of an error's code and type that is no prose; else empty."""
    for word in words:
        if isinstance(word, str) and _MACHINE_WORD.fullmatch(word):
            return f" ({word})"
    return ""


def _in_sentence(endpoint: str) -> str:
    return endpoint[:1].lower() + endpoint[1:]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, be it a number or a date (RFC 9110, 10.2.3); None without it.

    Never more than an hour.
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return min(max(0.0, float(value)), _LONGEST_WAIT_S)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT_S)
