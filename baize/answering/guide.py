"""An exercise → a model's draft of a hint. The model is not told the solution; `services.guide` filters."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from baize.answering.generate import block, course_card, language_name
from baize.domain.chat import ChatEvent, Message, Turn
from baize.ports import ChatModel
from baize.prompting import Prompt


class HintAnswerer:
    """Asks a chat model for one hint.

    Args:
        exercise: its question, as it stands.
        level: from 1 to 3.
    """

    def __init__(self, chat: ChatModel, prompt: Prompt, exercise: str, level: int) -> None:
        self._chat = chat
        self._prompt = prompt
        self._exercise = exercise
        self._level = level
        self.model = chat.name
        self.prompt = prompt.label

    def asks(self, turn: Turn) -> str:
        """As `Answerer.asks`."""
        return self._rendered(turn)[1].content

    def stream(self, turn: Turn) -> AsyncGenerator[ChatEvent]:
        """The draft as it comes. It never thinks aloud: what it would think of is the solution."""
        sampling = replace(self._prompt.sampling, thinking=False, user_id=turn.sampling.user_id)
        return self._chat.stream(list(self._rendered(turn)), sampling)

    def _rendered(self, turn: Turn) -> tuple[Message, Message]:
        return self._prompt.render(
            {
                "course_card": course_card(turn.course),
                "evidence": "\n".join(block(item) for item in turn.evidence),
                "exercise": _fenced(self._exercise),
                "said": _fenced(turn.query.question),
                "level": str(self._level),
                "language": language_name(turn.query.language),
            }
        )


def _fenced(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")
