"""A double of the port `Answers`: answers in memory, in the order in which they were put."""

from __future__ import annotations

from baize.domain.chat import Answer


class MemoryAnswers:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}

    async def put(self, answer: Answer) -> None:
        """Store an answer as the latest turn of its conversation; one of the same id is replaced in place."""
        self._answers[answer.platform_id, answer.id] = answer

    async def get(self, platform_id: str, answer_id: str) -> Answer | None:
        """As `Answers.get`."""
        return self._answers.get((platform_id, answer_id))

    async def turns(self, platform_id: str, conversation_id: str, limit: int) -> list[Answer]:
        """As `Answers.turns`."""
        turns = [
            answer
            for (platform, _), answer in self._answers.items()
            if platform == platform_id and answer.conversation_id == conversation_id
        ]
        return turns[max(len(turns) - max(limit, 0), 0) :]
