"""/metrics: what questions leave there, of one process and of several, and the dashboard that reads it."""

from __future__ import annotations

import json
import logging
import logging.config
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from baize.adapters.logs_structlog import as_json
from baize.adapters.meter_prometheus import PrometheusMeter
from baize.api.access_log import log_config
from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.services.who import create_key
from baize.settings import DeepSeekChat, Server
from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.integration.test_who_asks import SECRET, token
from tests.servers.deepseek import DeepSeekServer
from tests.servers.wire import Failure, reply
from tests.unit.api.library import client_of, opens, served, settings

pytestmark = pytest.mark.anyio

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana-dashboard.json"
QUESTION = {"question": "量血压之前坐多久？"}
Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(text: str) -> dict[Sample, float]:
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


async def test_an_answer_leaves_its_times_and_tokens() -> None:
    """Each stage once; tokens by kind; nobody waits or writes any more."""
    chat = ScriptedChatModel(["量血压之前，先安静坐五分钟 [1]。"])
    async with served(settings(answers={"reuse": "off"}), opens(chat=chat)) as client:
        answer = (await client.post("/v1/answers", json=QUESTION)).json()
        told = await client.get("/metrics")

    assert told.headers["content-type"].startswith("text/plain")
    for stage in ("evidence", "slot", "first_token", "model", "first_sentence", "answer"):
        assert value(told.text, "baize_stage_seconds_count", stage=stage) == 1, stage
    assert value(told.text, "baize_answers_total", outcome="answered") == 1
    n_completion = answer["usage"]["completion_tokens"]
    assert value(told.text, "baize_tokens_total", model="scripted", kind="completion") == n_completion > 0
    for level in ("live", "upstream", "waiting"):
        assert value(told.text, "baize_level", of=level) == 0, level
    route = {"route": "/v1/answers", "method": "POST", "status": "200"}
    assert value(told.text, "baize_http_seconds_count", **route) == 1


async def test_a_repaired_call_is_counted() -> None:
    """The endpoint wants the thinking of the turn before: one refused call, and the answer all the same."""
    said = "量血压之前，先安静坐五分钟 [1]。"
    wants = {"error": {"message": "The `reasoning_content` in the thinking mode must be passed back"}}
    with DeepSeekServer() as upstream:
        chat = DeepSeekChat(base_url=upstream.base_url, api_key=SecretStr("sk-x"), model="deepseek-flash")
        chosen = settings(answers={"reuse": "off"}).model_copy(update={"chat": chat})

        def real_chat(house: House) -> None:
            del house.__dict__["chat"]

        async with served(chosen, opens(prepare=real_chat)) as client:
            upstream.enqueue(reply(said, thoughts=["想"]), Failure(400, wants), reply(said))
            asked = QUESTION | {"thinking": True}
            first = (await client.post("/v1/answers", json=asked)).json()
            asked |= {"conversation_id": first["conversation_id"]}
            second = (await client.post("/v1/answers", json=asked)).json()
            told = (await client.get("/metrics")).text

    assert value(told, "baize_repairs_total") == 1
    assert "degraded" not in second
    assert [message.get("reasoning_content") for message in upstream.chats[-1].body["messages"]] == [
        None,
        None,
        "想",
        None,
    ]


async def test_a_refusal_is_counted_as_one() -> None:
    """And a path that nobody has makes no label of its own."""
    async with served(settings(answers={"min_evidence": 1.0})) as client:
        await client.post("/v1/answers", json={"question": "怎样修自行车？"})
        await client.get("/made/up/by/a/scanner")
        told = (await client.get("/metrics")).text

    assert value(told, "baize_answers_total", outcome="refused") == 1
    assert value(told, "baize_http_seconds_count", route="other", method="GET", status="404") == 1
    assert "scanner" not in told
    assert "自行车" not in told


async def test_metrics_may_be_locked() -> None:
    """With `key`, for the scope `admin` only; with `off`, for nobody."""
    houses: list[House] = []
    chosen = settings(server=Server(require_key=True, metrics="key"))
    async with client_of(create_app(chosen, open_house=opens(prepare=houses.append))) as client:
        house = houses[0]
        await house.platforms.put(Platform("default", secret=SECRET))
        keys = [
            (await create_key(house.platforms, house.api_keys, "default", (right,), "", 0.0))[1]
            for right in ("learn", "admin")
        ]
        headers = [{}, token("lin"), *({"Authorization": f"Bearer {key}"} for key in keys)]
        statuses = [(await client.get("/metrics", headers=one)).status_code for one in headers]
    assert statuses == [401, 403, 403, 200]
    async with served(settings(server=Server(metrics="off"))) as client:
        assert (await client.get("/metrics")).status_code == 404


def test_the_dashboard_asks_for_what_there_is() -> None:
    """Each name and each label in its queries is one that the meter exports."""
    meter = PrometheusMeter("CNY")
    described = {metric.name: metric for metric in meter._registry.collect()}
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"\bbaize_\w+", query)}
    exported = set()
    for name, metric in described.items():
        suffixes = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}
        exported |= {name + suffix for suffix in suffixes[metric.type]}
    assert asked <= exported
    assert {name for name in described if not any(name in one for one in asked)} == set()
    labels = {"le", "stage", "outcome", "of", "model", "kind", "currency"}
    labels |= {"route", "status", "method", "verb"}
    for query in queries:
        grouped = {
            label.strip() for some in re.findall(r"by \(([^)]*)\)", query) for label in some.split(",")
        }
        assert grouped | set(re.findall(r'(\w+)=~?"', query)) <= labels


_COUNTS = """
import sys
from baize.adapters.meter_prometheus import PrometheusMeter
meter = PrometheusMeter("CNY")
meter.stage("evidence", 0.1)
meter.level("live", 1)
if sys.argv[1] == "alive":
    print(meter.exposition().decode(), end="")
"""


def test_workers_count_together(tmp_path: Path) -> None:
    """Counts of all workers, and the levels of those that live."""
    told = ""
    for state in ("dead", "dead", "alive"):
        told = subprocess.run(
            [sys.executable, "-c", _COUNTS, state],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    assert value(told, "baize_stage_seconds_count", stage="evidence") == 3
    assert value(told, "baize_level", of="live") == 1


def test_log_lines_are_json_without_names(capsys: pytest.CaptureFixture[str]) -> None:
    """uvicorn's request line as fields, ours as they are; neither a query nor a learner's id."""
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logging.config.dictConfig(as_json(log_config()))
        line = '%s - "%s %s HTTP/%s" %d'
        path = "/v1/learners/lin/export?q=secret"
        logging.getLogger("uvicorn.access").info(line, "127.0.0.1:1", "GET", path, "1.1", 200)
        logging.getLogger("baize.services.live").error("The answer %s was not stored.", "a-1")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    captured = capsys.readouterr()
    request, own = (json.loads(text) for text in (captured.out, captured.err))
    assert request["event"] == "request"
    assert (request["method"], request["path"], request["status"]) == ("GET", "/v1/learners/…/export", 200)
    assert own["event"] == "The answer a-1 was not stored."
    assert own["level"] == "error"
    assert own["logger"] == "baize.services.live"
