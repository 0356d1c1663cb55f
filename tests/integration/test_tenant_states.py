"""Writes, reads and deletions by people of two platforms, in any order: each sees what is theirs alone."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import anyio
import httpx
import jwt
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.settings import Server
from tests.unit.api.library import LiveServer, opens
from tests.unit.api.library import settings as settings_of

SECRETS = {name: f"the-secret-of-the-platform-{name}-0123456789" for name in ("default", "other")}
PEOPLE = (("default", "lin"), ("default", "wang"), ("other", "lin"))
"""`lin` is there twice: two people with one id."""
MARK = re.compile(r"mark(\d+)end")


@dataclass(frozen=True)
class Kept:
    """An answer, and whose it is."""

    owner: tuple[str, str]
    answer_id: str


class Doors(RuleBasedStateMachine):
    """What was written stays over examples: what an earlier one wrote is a leak as well."""

    client: ClassVar[httpx.Client]
    headers: ClassVar[dict[tuple[str, str], dict[str, str]]]
    writers: ClassVar[dict[int, tuple[str, str]]] = {}
    owners: ClassVar[dict[str, tuple[str, str]]] = {}
    gone: ClassVar[set[str]] = set()
    seen: ClassVar[set[str]] = set()

    answers = Bundle("answers")
    person = st.sampled_from(PEOPLE)

    def send(self, who: tuple[str, str], method: str, path: str, body: Any = None) -> httpx.Response:
        """The reply, which shows no mark of anybody else and is no fault."""
        reply = self.client.request(method, path, json=body, headers=self.headers[who])
        assert reply.status_code < 500, (method, path, reply.text)
        strangers = {self.writers[int(mark)] for mark in MARK.findall(reply.text)} - {who}
        assert not strangers, (who, method, path, strangers)
        self.seen.add(f"{method} {reply.status_code}")
        return reply

    def mark(self, who: tuple[str, str]) -> str:
        number = len(self.writers)
        self.writers[number] = who
        return f"mark{number}end"

    @rule(target=answers, who=person)
    def ask(self, who: tuple[str, str]) -> Kept:
        """In a conversation whose id somebody else has as well."""
        question = {"question": f"量血压之前坐多久？{self.mark(who)}", "conversation_id": "one-talk"}
        answer = self.send(who, "POST", "/v1/answers", question).json()
        self.owners[answer["answer_id"]] = who
        return Kept(who, answer["answer_id"])

    @rule(who=person, kept=answers)
    def read(self, who: tuple[str, str], kept: Kept) -> None:
        there = who == kept.owner and kept.answer_id not in self.gone
        reply = self.send(who, "GET", f"/v1/answers/{kept.answer_id}")
        assert reply.status_code == (200 if there else 404)

    @rule(who=person, kept=answers)
    def rate(self, who: tuple[str, str], kept: Kept) -> None:
        there = who == kept.owner and kept.answer_id not in self.gone
        said = {"answer_id": kept.answer_id, "rating": "up", "correction": self.mark(who)}
        assert self.send(who, "POST", "/v1/feedback", said).is_success is there

    @rule(who=person, kept=answers)
    def stop(self, who: tuple[str, str], kept: Kept) -> None:
        """What is told already stays told; a stranger finds nothing to stop."""
        reply = self.send(who, "DELETE", f"/v1/answers/{kept.answer_id}")
        assert (reply.status_code == 404) is (who != kept.owner or kept.answer_id in self.gone)
        self.read(kept.owner, kept)

    @rule(who=person, kept=answers)
    def delete_talk(self, who: tuple[str, str], kept: Kept) -> None:
        """One's own, of the three that bear its id."""
        self.send(who, "DELETE", "/v1/conversations/one-talk")
        self.gone |= {answer_id for answer_id, owner in self.owners.items() if owner == who}
        self.read(kept.owner, kept)

    @rule(who=person)
    def talk(self, who: tuple[str, str]) -> None:
        self.send(who, "GET", "/v1/conversations/one-talk")

    @rule(who=person, of=st.sampled_from(("lin", "wang")))
    def write_interests(self, who: tuple[str, str], of: str) -> None:
        reply = self.send(who, "PUT", f"/v1/learners/{of}/interests", {"tags": [self.mark(who)]})
        assert reply.is_success is (of == who[1])

    @rule(
        who=person,
        of=st.sampled_from(("lin", "wang")),
        what=st.sampled_from(("interests", "memory", "preferences", "progress", "export", "identities")),
    )
    def look(self, who: tuple[str, str], of: str, what: str) -> None:
        reply = self.send(who, "GET", f"/v1/learners/{of}/{what}")
        assert reply.is_success is (of == who[1]), (who, of, what, reply.text)


def test_no_order_of_calls_leaks() -> None:
    """A dozen runs of up to 25 calls; ten thousand probes are made by `python -m benchmarks.tenant_probe`."""
    houses: list[House] = []
    app = create_app(settings_of(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    expires = time.time() + 80_000
    Doors.headers = {
        (platform, learner): {
            "Authorization": "Bearer "
            + jwt.encode({"iss": platform, "sub": learner, "exp": expires}, SECRETS[platform], "HS256")
        }
        for platform, learner in PEOPLE
    }
    with LiveServer(app) as server, httpx.Client(base_url=server.url, timeout=60) as Doors.client:
        for name, secret in SECRETS.items():
            anyio.run(houses[0].platforms.put, Platform(name, secret=secret))
        run_state_machine_as_test(
            Doors,
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert {"POST 200", "GET 200", "GET 404", "DELETE 404"} <= Doors.seen
    assert set(Doors.writers.values()) == set(PEOPLE)
