"""What was said: reading a conversation, deleting it, and deleting what is too old (decisions 26)."""

from __future__ import annotations

import logging

import anyio

from baize.domain.chat import Answer
from baize.domain.live import AnswerKey
from baize.errors import DependencyUnavailable, NotFound
from baize.ports import Answers, Clock
from baize.services.live import Live

_log = logging.getLogger(__name__)

MAX_TURNS = 200
"""Turns of a conversation that are shown, the latest ones."""
_DAY_S = 24 * 3600
_TIDY_EVERY_S = 3600.0


async def read_conversation(
    answers: Answers, platform_id: str, conversation_id: str, learner_id: str | None
) -> list[Answer]:
    """The latest turns, oldest first.

    Args:
        learner_id: whose it must be; None for whoever's.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    turns = await answers.turns(platform_id, conversation_id, MAX_TURNS, learner_id=learner_id)
    if not turns:
        raise _unknown(conversation_id)
    return turns


async def forget_conversation(
    answers: Answers, live: Live, platform_id: str, conversation_id: str, learner_id: str | None
) -> None:
    """Delete it, with all its answers and what could be streamed of them again.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    gone = await answers.forget(platform_id, conversation_id, learner_id=learner_id)
    if not gone:
        raise _unknown(conversation_id)
    for answer_id in gone:
        try:
            await live.forget(AnswerKey(platform_id, answer_id))
        except DependencyUnavailable as failure:
            # It is deleted all the same: events last ten minutes.
            _log.warning("the events of the answer %s go by themselves: %s", answer_id, failure)


def _unknown(conversation_id: str) -> NotFound:
    return NotFound(
        f"There is no conversation {conversation_id!r}.", remedy="Take the id from `start` of an answer."
    )


async def keep_tidy(answers: Answers, clock: Clock, keep_days: float) -> None:
    """Delete what is older than `keep_days`, now and every hour, until cancelled."""
    while True:
        try:
            n = await answers.expire(clock.now() - keep_days * _DAY_S)
            if n:
                _log.info("%d answers older than %g days were deleted", n, keep_days)
        except Exception as error:  # noqa: BLE001 - it runs beside the API, which must not end with it
            _log.warning("old answers were not deleted: %s", type(error).__qualname__)
        await anyio.sleep(_TIDY_EVERY_S)
