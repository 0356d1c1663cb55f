"""Is it worth asking the endpoint now? A circuit breaker, and a budget for asking again.

An endpoint that is down answers nobody sooner for being asked more often; and a learner whose model call
fails at once gets the course's own sentences at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

from baize.errors import UpstreamFailed, UpstreamRejected

_log = logging.getLogger(__name__)

_N_FAILURES = 5
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 60.0
_ACCOUNT_PAUSE_S = 300.0
"""After a refusal that only the operator can undo (401, 402, 403): how long not to ask. No longer for any
`Retry-After` either, which may be an instant in seconds, or nonsense: to ask once costs nothing."""
_ACCOUNT_STATUSES = frozenset({401, 402, 403})


class CircuitBreaker:
    """Closed: everything is asked. Open: nothing is, until a pause is over; then one call tries.

    It opens after five calls in a row that failed busy, or at once when the account is refused (key wrong,
    balance used up), which it tells the operator in the log. Each failed try doubles the pause; calls that
    were under way when it opened, perhaps hundreds, say nothing new when they fail too.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._n_failed = 0
        self._pause_s = _FIRST_PAUSE_S
        self._open_until = 0.0
        self._trying = False
        self._why: UpstreamFailed | None = None

    @property
    def is_open(self) -> bool:
        """Whether a call now would be refused here."""
        return self._why is not None and (self._trying or self._clock() < self._open_until)

    @property
    def reason(self) -> str:
        """Why it is open, and what the operator can do; empty while it is closed."""
        return str(self._why) if self._why else ""

    def enter(self) -> bool:
        """Before a call.

        Returns:
            whether it is the one that tries; `left` or what became of it ends that.

        Raises:
            UpstreamFailed: it is open; the failure that opened it, so that callers act alike.
        """
        if self._why is None:
            return False
        if self.is_open:
            raise type(self._why)(self._why.message, remedy=self._why.remedy, status=self._why.status)
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The endpoint answered."""
        if self._why is not None:
            _log.warning("The chat endpoint answers again.")
        self._n_failed, self._pause_s, self._why, self._trying = 0, _FIRST_PAUSE_S, None, False

    def left(self) -> None:
        """The caller of the one that tries left before it told anything."""
        self._trying = False

    def failed(self, failure: UpstreamFailed, *, tries: bool = False) -> None:
        """The call failed before its first token.

        Args:
            tries: as `enter` said of it.
        """
        self._n_failed += 1
        if tries:
            self._trying = False
        if failure.status in _ACCOUNT_STATUSES:
            self._open(failure, _ACCOUNT_PAUSE_S)
        elif isinstance(failure, UpstreamRejected):
            # The request was at fault, not the endpoint: it answered.
            self._n_failed = 0
            self._why = None
        elif tries if self._why is not None else self._n_failed >= _N_FAILURES:
            self._open(failure, min(max(self._pause_s, failure.retry_after_s or 0.0), _ACCOUNT_PAUSE_S))
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _open(self, failure: UpstreamFailed, pause_s: float) -> None:
        accounts = failure.status in _ACCOUNT_STATUSES
        # Open for an outage, it may turn out that there is no money either: that is news to the operator.
        if self._why is None or (accounts and self._why.status != failure.status):
            severity = logging.ERROR if accounts else logging.WARNING
            _log.log(severity, "%s Answers are extractive; the next try is in %.0f s.", failure, pause_s)
        self._why = failure
        self._open_until = self._clock() + pause_s


class RetryBudget:
    """Lets a fifth of the calls be repeated, and ten in a burst: retries must not triple an overload."""

    def __init__(self, *, share: float = 0.2, burst: float = 10.0) -> None:
        self._share = share
        self._burst = burst
        self._left = burst

    def called(self) -> None:
        """A first attempt was made."""
        self._left = min(self._burst, self._left + self._share)

    def take(self) -> bool:
        """Whether one more retry may be made; it is counted."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
