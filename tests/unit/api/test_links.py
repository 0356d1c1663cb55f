"""Links into the platform's player."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baize.api.links import PlayerLinks
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.text import Chunk
from baize.errors import InvalidSettings

SPAN = TimeSpan(52.5, 60.25)
CHUNK = Chunk("c", "p", "ml:101", "l+1", "Lesson", "a.vtt", "zh", (), "text", (), SPAN, 0)


def test_ids_are_percent_encoded_and_seconds_short() -> None:
    """Ids may hold characters that mean something in a URL."""
    links = PlayerLinks("https://learn.example/{course_id}/{lesson_id}?t={start}&e={end}")

    assert links.url("p", CHUNK, SPAN) == "https://learn.example/ml%3A101/l%2B1?t=52.5&e=60.25"


def test_an_id_cannot_leave_its_place() -> None:
    """Slashes, quotes and ampersands are data."""
    links = PlayerLinks("https://learn.example/{course_id}?t={start}")

    url = links.url("p", replace(CHUNK, course_id='../x?y="&z#'), SPAN)

    assert url == "https://learn.example/..%2Fx%3Fy%3D%22%26z%23?t=52.5"


@pytest.mark.parametrize("locator", [TextSpan("a.pdf", 0, 9, 3), FaqEntry("f1")])
def test_a_place_without_a_second_gets_no_false_second(locator: TextSpan | FaqEntry) -> None:
    """`?t=0` would claim something that nobody said."""
    assert PlayerLinks("https://learn.example/{lesson_id}?t={start}").url("p", CHUNK, locator) is None
    assert PlayerLinks("https://learn.example/{lesson_id}").url("p", CHUNK, locator) is not None


def test_without_a_template_there_is_no_link() -> None:
    """The default."""
    assert PlayerLinks("").url("p", CHUNK, SPAN) is None


@pytest.mark.parametrize(
    "template",
    ["https://x/{lesson}", "https://x/{lesson_id", "javascript:alert('{lesson_id}')", "https://x/{}"],
)
def test_a_wrong_template_is_refused_at_the_start(template: str) -> None:
    """The operator learns it from the first start, not from the first answer."""
    with pytest.raises(InvalidSettings, match="player_url"):
        PlayerLinks(template)
