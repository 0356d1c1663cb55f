"""Question → whether the model should think first. Comes before `generate`; no model call.

Thinking costs seconds and tokens, and a look-up gains nothing from it. It pays where several statements of
the course must be put together: causes in a row, comparisons, derivations, what-ifs.
"""

from __future__ import annotations

import re
from typing import Literal

ThinkingPolicy = Literal["auto", "on", "off"]

_STEPS = re.compile(
    r"推导|推理|证明|一步一?步|逐步|分步|步步|来龙去脉|前因后果|论证|权衡|取舍"
    r"|\b(?:derive|derivation|prove|proof|step[- ]by[- ]step|reason through|work out|trade-?offs?)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"(?:和|与|跟|同|比|之间).*(?:区别|不同|差别|差异|异同|关系|联系|相比|哪个更|哪种更|优缺点|利弊)|对比|比较"
    r"|\b(?:compare|contrast|differ(?:s|ent|ence)?|versus|vs\.?|relat(?:e|es|ed|ionship)|pros and cons"
    r"|better|worse)\b",
    re.IGNORECASE,
)
_CAUSES = re.compile(
    r"为什么|为何|为啥|怎么会|怎么就|何以|原因|导致|怎样影响|如何影响|怎么影响"
    r"|\b(?:why|how come|causes?|because|leads? to|affects?|influences?|consequences?)\b",
    re.IGNORECASE,
)
_SUPPOSES = re.compile(
    r"如果|假如|要是|假设|万一|既然|虽然|尽管|却|反而|同时|分别|而不是|而不用|才能|还要|仍然"
    r"|\b(?:if|suppose|assuming|although|even though|yet|but|while|whereas|rather than|instead of|both"
    r"|at the same time|still)\b",
    re.IGNORECASE,
)
_ENOUGH = 2


def needs_thinking(question: str) -> bool:
    """Whether a question asks for several steps: a derivation, or two of comparison, cause and condition."""
    if _STEPS.search(question):
        return True
    signs = (_COMPARES, _CAUSES, _SUPPOSES)
    return sum(sign.search(question) is not None for sign in signs) >= _ENOUGH


def choose_thinking(question: str, asked: bool | None, policy: ThinkingPolicy) -> bool:
    """The learner's wish, else the operator's policy, else what the question needs.

    Args:
        asked: None where the learner left it open.
        policy: `off` is final: it is the operator's bill.
    """
    if policy == "off":
        return False
    if asked is not None:
        return asked
    return policy == "on" or needs_thinking(question)
