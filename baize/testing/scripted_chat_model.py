"""A double of the port `ChatModel`: says what the test wrote, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

import anyio.lowlevel

from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamFailed


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of `stream`."""

    messages: tuple[Message, ...]
    sampling: Sampling


Step = str | ThinkingDelta | UpstreamFailed
"""Text to say, thinking to show, or a failure to raise at this point."""
Script = Sequence[Step]
Responder = Callable[[Sequence[Message]], Script]


class ScriptedChatModel:
    """Plays one script per call, in order, then what `respond` makes of the messages.

    Attributes:
        asked: the calls so far.
        closed: how many streams were closed before their end.
        finish_reason: why the streams end.
    """

    def __init__(self, *scripts: Script, respond: Responder | None = None, name: str = "scripted") -> None:
        self.name = name
        self.finish_reason = "stop"
        self.asked: list[Asked] = []
        self.closed = 0
        self._scripts = list(scripts)
        self._respond = respond

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`. Thinking is left out when it was not asked for."""
        self.asked.append(Asked(tuple(messages), sampling))
        script = self._next_script(messages)
        n_said = n_thought = 0
        try:
            for step in script:
                await anyio.lowlevel.checkpoint()
                if isinstance(step, UpstreamFailed):
                    raise step
                if isinstance(step, str):
                    n_said += len(step)
                    yield TextDelta(step)
                elif sampling.thinking:
                    n_thought += len(step.text)
                    yield step
        except GeneratorExit:
            self.closed += 1
            raise
        yield Usage(
            prompt_tokens=sum(len(message.content) for message in messages),
            completion_tokens=n_said + n_thought,
            reasoning_tokens=n_thought,
            model=self.name,
            finish_reason=self.finish_reason,
        )

    def _next_script(self, messages: Sequence[Message]) -> Script:
        if self._scripts:
            return self._scripts.pop(0)
        if self._respond is None:
            raise AssertionError(f"call {len(self.asked)} of the scripted model has no script")
        return self._respond(messages)
