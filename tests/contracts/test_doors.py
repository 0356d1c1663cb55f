"""What `Revocations`, `Identities` and `LtiRegistrations` promise: in memory, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.identities import SqlIdentities
from baize.adapters.db.lti import SqlLtiRegistrations
from baize.adapters.db.revocations import SqlRevocations
from baize.domain.lti import LtiRegistration
from baize.domain.platform import Identity, Revocation
from baize.ports import Identities, LtiRegistrations, Revocations
from baize.testing.memory_doors import MemoryIdentities, MemoryRevocations
from baize.testing.memory_lti import MemoryLtiRegistrations

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

LOST = Revocation("p", "learner", "d" * 64, 100.0, 200.0)
LINK = Identity("p", "gd", "9", "lin", 5.0)


@dataclass(frozen=True)
class Doors:
    revocations: Revocations
    identities: Identities
    registrations: LtiRegistrations


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def doors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Doors]:
    if request.param == "memory":
        yield Doors(MemoryRevocations(), MemoryIdentities(), MemoryLtiRegistrations())
        return
    sqlite = f"sqlite:///{tmp_path}/catalogue.db"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield Doors(SqlRevocations(database), SqlIdentities(database), SqlLtiRegistrations(database))
    await database.close()


async def test_a_revocation_lasts_until_its_tokens_have_expired(doors: Doors) -> None:
    """On its own platform; a later one lets the ended go."""
    await doors.revocations.put(LOST, 100.0)
    token = replace(LOST, kind="token", digest="a" * 64, until=400.0)
    assert await doors.revocations.of_platform("p", 199.0) == [LOST]
    assert await doors.revocations.of_platform("p", 200.0) == []
    assert await doors.revocations.of_platform("q", 100.0) == []
    await doors.revocations.put(token, 300.0)
    assert await doors.revocations.of_platform("p", 100.0) == [token]


async def test_the_later_of_two_revocations_counts(doors: Doors) -> None:
    """In whichever order they come."""
    for before, until in ((100.0, 200.0), (150.0, 250.0), (120.0, 220.0)):
        await doors.revocations.put(replace(LOST, before=before, until=until), 100.0)
    assert await doors.revocations.of_platform("p", 100.0) == [replace(LOST, before=150.0, until=250.0)]


async def test_a_pair_belongs_to_one_learner(doors: Doors) -> None:
    """The first has it; the same again changes nothing; another platform has its own."""
    assert await doors.identities.put(LINK)
    assert await doors.identities.put(replace(LINK, linked_at=6.0))
    assert not await doors.identities.put(replace(LINK, learner_id="wang"))
    assert await doors.identities.put(replace(LINK, platform_id="q", learner_id="wang"))
    assert await doors.identities.learner("p", "gd", "9") == "lin"
    assert await doors.identities.learner("q", "gd", "9") == "wang"
    assert await doors.identities.learner("p", "gx", "9") is None
    assert await doors.identities.of_learner("p", "lin") == [LINK]


async def test_a_pair_is_unlinked_by_its_learner_only(doors: Doors) -> None:
    """Then it can be linked anew."""
    await doors.identities.put(LINK)
    assert not await doors.identities.remove("p", "wang", "gd", "9")
    assert not await doors.identities.remove("q", "lin", "gd", "9")
    assert await doors.identities.remove("p", "lin", "gd", "9")
    assert not await doors.identities.remove("p", "lin", "gd", "9")
    assert await doors.identities.put(replace(LINK, learner_id="wang"))


async def test_a_registration_belongs_to_one_platform(doors: Doors) -> None:
    """It is found by issuer and client; by the issuer alone while there is one client; it can be changed."""
    one = LtiRegistration("p", "https://lms", "c1", "https://lms/auth", "", "{}", ("d1", "d2"), "key")
    assert await doors.registrations.put(one)
    assert await doors.registrations.find("https://lms", "c1") == one
    assert await doors.registrations.find("https://lms", "") == one
    assert await doors.registrations.find("https://lms", "c2") is None
    assert not await doors.registrations.put(replace(one, platform_id="q"))
    assert await doors.registrations.put(replace(one, deployments=()))
    assert await doors.registrations.put(replace(one, platform_id="q", client_id="c2"))
    assert await doors.registrations.find("https://lms", "") is None
    assert await doors.registrations.of_platform("p") == [replace(one, deployments=())]
    assert not await doors.registrations.remove("q", "https://lms", "c1")
    assert await doors.registrations.remove("p", "https://lms", "c1")
    assert await doors.registrations.of_platform("p") == []
