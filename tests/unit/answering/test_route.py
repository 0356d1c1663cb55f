"""Routing: learnt from examples, whichever embedder there is; and the examples are those of the suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from baize.answering.route import Example, Router, examples
from baize.answering.service_terms import matters
from baize.domain.support import INTENTS
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio


async def test_examples_are_told_apart() -> None:
    """By words alone: the hashing embedder knows no meaning."""
    router = Router(HashEmbedder())
    routed = {
        text: await router.route(text)
        for text in ("我有多少学分", "转人工服务", "忘记密码了怎么办", "什么是机器学习")
    }
    assert [one.intent for one in routed.values()] == ["account", "person", "faq", "course"]
    assert all(0.5 <= one.confidence <= 1.0 for one in routed.values())
    assert [one.is_service for one in routed.values()] == [True, True, True, False]


async def test_what_is_learnt_decides() -> None:
    """A platform's own examples replace those of the package."""
    taught = [Example("course", "apples and pears"), Example("faq", "trains and buses")]
    taught += [Example("account", "my things"), Example("person", "a human")]
    router = Router(HashEmbedder(), taught)
    assert (await router.route("buses and trains")).intent == "faq"
    assert (await router.route("pears")).intent == "course"


def test_the_examples_are_the_suites_development_half(repo_root: Path) -> None:
    """Word for word; the held-out half has none of them."""
    folder = repo_root / "eval" / "suites" / "routing-samples"
    dev, held_out = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in ("dev.jsonl", "questions.jsonl")
    )
    assert [(one.intent, one.text) for one in examples()] == [(row["intent"], row["text"]) for row in dev]
    assert {row["text"] for row in dev}.isdisjoint(row["text"] for row in held_out)
    assert len(dev) + len(held_out) >= 300
    assert {row["intent"] for row in held_out} == set(INTENTS)


def test_matters_are_named_in_both_languages() -> None:
    """In the words of learners; a text about none names none."""
    assert matters("交了钱后悔了怎么退") == matters("Can I get a refund?") == {"refund"}
    assert "password" in matters("登录口令忘了")
    assert matters("什么是梯度下降") == frozenset()
