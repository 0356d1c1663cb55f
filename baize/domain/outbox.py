"""Statements that wait to be forwarded to a learning record store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A statement that the LRS has not taken yet.

    Attributes:
        next_at: when it is sent next, seconds since the epoch.
    """

    platform_id: str
    statement_id: str
    learner_id: str
    next_at: float
    n_attempts: int = 0
