"""The scripted prefix cache counts as DeepSeek's documentation says."""

from __future__ import annotations

from tests.servers.prefix_cache import PrefixCache


def body(*contents: str, user_id: str = "") -> dict[str, object]:
    roles = ["system", "user", "assistant"]
    named = [roles[0], *(roles[1 + n % 2] for n in range(len(contents) - 1))]
    messages = [{"role": role, "content": text} for role, text in zip(named, contents, strict=True)]
    return {"messages": messages, "user_id": user_id}


def cache(interval: int = 1000) -> PrefixCache:
    return PrefixCache(lambda text: [ord(char) for char in text], interval=interval)


def test_the_next_turn_hits_the_whole_of_the_last() -> None:
    """Input and output of a request are units."""
    made = cache()
    assert made.ask(body("sys", "ab"), "cd")["prompt_cache_hit_tokens"] == 0
    usage = made.ask(body("sys", "ab", "cd", "ef"), "gh")
    assert usage["prompt_cache_hit_tokens"] == len("sys") + len("ab") + 2
    assert usage["prompt_tokens"] == usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"]


def test_a_shared_prefix_is_a_unit_from_the_third_request_on() -> None:
    """The second one shows that it is shared; a part of a unit is no hit."""
    made = cache()
    hits = [made.ask(body("policy", text), "x")["prompt_cache_hit_tokens"] for text in ("a1", "b2", "c3")]
    assert hits == [0, 0, len("policy") + 2]


def test_users_are_apart() -> None:
    """Another user id finds nothing of the first one's."""
    made = cache()
    for user_id in ("one", "two"):
        assert made.ask(body("policy", "q", user_id=user_id), "x")["prompt_cache_hit_tokens"] == 0
    assert made.ask(body("policy", "q", user_id="one"), "x")["prompt_cache_hit_tokens"] > 0
