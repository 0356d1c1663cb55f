"""Who gets the next slot: a bounded queue with fair share by tenant. Pure: no clock, no tasks."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class FairQueue(Generic[T]):
    """Slots for tickets of tenants; a ticket is whatever the caller waits with.

    A free slot goes to the waiting tenant that holds the fewest (max-min fairness), among equals to the one
    that was served longest ago; within a tenant, first come, first served. A tenant alone may hold all.
    When the queue is full, the tenant with the most waiting gives way: its last ticket is turned away.

    Attributes:
        n_slots: how many may be held at once.
        max_waiting: how many may wait, of all tenants together.
    """

    n_slots: int
    max_waiting: int
    held: Counter[str] = field(default_factory=Counter)
    n_held: int = 0
    n_waiting: int = 0
    _waiting: dict[str, deque[T]] = field(default_factory=dict)
    _served: dict[str, int] = field(default_factory=dict)
    _n_served: int = 0

    def ask(self, tenant: str, ticket: T) -> tuple[bool, T | None]:
        """Take a slot or a place in the queue.

        Returns:
            whether the slot is the asker's at once; and the ticket that is turned away, perhaps the asker's.
        """
        if self.n_held < self.n_slots and not self.n_waiting:
            self._take(tenant)
            return True, None
        queue = self._waiting.setdefault(tenant, deque())
        queue.append(ticket)
        self.n_waiting += 1
        if self.n_waiting <= self.max_waiting:
            return False, None
        largest = max(self._waiting, key=lambda name: (len(self._waiting[name]), name == tenant))
        turned_away = self._waiting[largest].pop()
        self._shrink(largest)
        return False, turned_away

    def release(self, tenant: str) -> T | None:
        """Give a slot back.

        Returns:
            the ticket that it goes to, if one waits.
        """
        self.n_held -= 1
        self.held[tenant] -= 1
        if not self.held[tenant]:
            del self.held[tenant]
        return self.next()

    def next(self) -> T | None:
        """The ticket whose turn it is, if a slot is free and one waits; it holds the slot then."""
        if self.n_held >= self.n_slots or not self.n_waiting:
            return None
        tenant = min(self._waiting, key=lambda name: (self.held[name], self._served.get(name, 0), name))
        ticket = self._waiting[tenant].popleft()
        self._shrink(tenant)
        self._take(tenant)
        return ticket

    def leave(self, tenant: str, ticket: T) -> None:
        """Give a place in the queue up; nothing happens where there is none."""
        queue = self._waiting.get(tenant)
        if queue is not None and ticket in queue:
            queue.remove(ticket)
            self._shrink(tenant)

    def _take(self, tenant: str) -> None:
        self.n_held += 1
        self.held[tenant] += 1
        self._n_served += 1
        self._served[tenant] = self._n_served

    def _shrink(self, tenant: str) -> None:
        self.n_waiting -= 1
        if not self._waiting[tenant]:
            del self._waiting[tenant]
