"""What callers get of a storyboard."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import BaseModel, Field

from baize.api.wire import TimeLocator
from baize.domain.storyboard import Scene
from baize.services.storyboard import Storyboard


class SceneBody(BaseModel):
    """One picture and what it stands for."""

    n: int = Field(description="From 0.")
    t: float = Field(description="Second of the picture.")
    chapter: str
    caption: str = Field(description="What is said there first; empty where nobody speaks.")
    frame: str = Field(description="Path of the JPEG.")
    locator: TimeLocator = Field(description="Up to the next picture.")


class StoryboardBody(BaseModel):
    """A lesson in pictures."""

    lesson_id: str
    scenes: list[SceneBody]


def storyboard_body(board: Storyboard) -> StoryboardBody:
    return StoryboardBody(
        lesson_id=board.lesson.id, scenes=[_scene(scene, board.lesson.id) for scene in board.scenes]
    )


def _scene(scene: Scene, lesson_id: str) -> SceneBody:
    return SceneBody(
        n=scene.number,
        t=round(scene.at, 3),
        chapter=scene.chapter,
        caption=scene.caption,
        frame=f"/v1/lessons/{quote(lesson_id, safe='')}/frames/{scene.number}",
        locator=TimeLocator(
            kind="time", start=round(scene.span.start, 3), end=round(max(scene.span.end, scene.span.start), 3)
        ),
    )
