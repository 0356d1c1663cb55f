"""Why a model stopped → what the learner is told, in a sentence of the server's own. For the answer service.

`stop` needs no word. What an endpoint may still invent says nothing that a learner could act on.
"""

from __future__ import annotations

INTERRUPTED = "interrupted"
"""Our own: the stream broke, fell silent or was given up (`insufficient_system_resource`)."""

_SENTENCES: dict[str, dict[str, str]] = {
    "length": {
        "zh": "\n（回答较长，先讲到这里。想听下去，可以接着问。）",
        "en": "\n(This answer was getting long and stops here. Ask on to hear more.)",
    },
    "content_filter": {
        "zh": "\n（后面的内容没有通过内容安全检查，没有显示。）",
        "en": "\n(The rest did not pass the content check and is not shown.)",
    },
}
_HEADINGS: dict[str, dict[str, str]] = {
    INTERRUPTED: {
        "zh": "\n（回答中断了。）课程原文：\n",
        "en": "\n(The answer broke off.) From the course itself:\n",
    },
    "content_filter": {
        "zh": "这个问题没有通过内容安全检查，课程里与它最接近的原话是：\n",
        "en": "The question did not pass the content check. The nearest words of the course are:\n",
    },
}


def ending(finish_reason: str, language: str) -> str:
    """The line behind an answer whose model stopped for this reason; empty where there is nothing to say."""
    return _in(language, _SENTENCES.get(finish_reason, {}))


def heading(finish_reason: str, language: str) -> str:
    """The line above the course's own sentences that stand in for the model; empty for the usual one."""
    return _in(language, _HEADINGS.get(finish_reason, {}))


def _in(language: str, sentences: dict[str, str]) -> str:
    return sentences.get(language) or sentences.get("en", "")
