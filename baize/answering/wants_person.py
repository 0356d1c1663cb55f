"""Message → whether it wishes for a person, and nothing else. No search, no model call.

Strict, for it stands before the course: "人工智能是什么" and "What is a human baseline?" are the course's.
What is less clear goes the usual way, on which `answering.route` may still tell a wish for a person.
"""

from __future__ import annotations

import re

from baize.answering.courtesy import courtesy_of
from baize.retrieval.terms import normalise

_LONGEST = 200
_DESK = r"(?:人工|真人|活人)(?:客服|服务|坐席|座席)"
_STAFF = rf"(?:{_DESK}|人工|真人|活人|客服人员|工作人员)"
# Of what may repeat, no word is made of others: else there were as many readings as ways to split it.
_ZH = re.compile(
    r"(?:你好|您好|请问|请|麻烦你|麻烦您|麻烦|我们|我|咱们|就|只|还是|现在|马上|赶紧|快|直接|想|要|需要"
    r"|能不能|可不可以|可以|能否|能|给我|帮我|帮忙|让我)*"
    r"(?:"
    rf"(?:怎么|怎样|如何)?(?:转接|转|接通|接|切换|切)(?:到|成|给|个|一下|一位)?{_STAFF}"
    rf"|(?:找|呼叫|叫|联系)(?:一?[个位]|一下|你们的?|到)?(?:{_STAFF}|客服)"
    rf"|(?:换|来)(?:成|到|一?[个位])?(?:{_DESK}|真人|活人|客服)"
    rf"|(?:我(?:就|只|现在|还是)?(?:想要|想|要|需要)|给我)(?:一?[个位])?{_STAFF}"
    rf"|(?:和|跟|与|同)(?:一?[个位]|你们的?)?(?:{_STAFF}|客服)"
    r"(?:说说?话|说|聊聊|聊天|聊|谈谈|谈|对话|沟通|通话|讲话|交流|联系)"
    rf"|(?:有没有|有)?{_DESK}"
    r"|(?:有没有|有)(?:真人|活人)"
    r")"
    r"(?:可以|能|来|帮我|帮帮我|帮忙|回答我|解决|处理|问题|一下|在吗|在不在|吗|吧|嘛|么|啊|呀|呢|了|行吗|好吗|谢谢您|谢谢你|谢谢)*"
)
_SURE = (
    r"(?:(?:a|an|the|your|some|one of your) )?"
    r"(?:(?:real|live|actual) )?(?:human(?: being| agent| support| operator| representative)?"
    r"|(?:real|live|actual) (?:person|agent|operator)"
    r"|customer (?:service|support|care)(?: agent| staff| representative)?"
    r"|support (?:staff|agent|team)|service representative)"
)
_PERSON = rf"(?:{_SURE}|(?:a |an |your )?(?:person|agent|representative|operator))"
_EN = re.compile(
    r"(?:(?:hi|hello|hey|please|ok|okay|no|just) )*"
    r"(?:"
    rf"(?:how|where) (?:can|do) (?:i|we) (?:talk|speak|chat) (?:to|with) {_SURE}"
    r"|(?:(?:i|we) (?:just |really |only )?(?:want|need|wish|would like) to |i'd (?:rather|like to) "
    r"|(?:can|could|may) (?:i|we) (?:please )?|let me )?"
    rf"(?:talk|speak|chat) (?:to|with) {_PERSON}"
    r"|(?:(?:can|could|would|will) you (?:please )?|i (?:want|need|would like) you to )?"
    r"(?:(?:transfer|connect|hand|forward|put) me (?:over |through )?(?:to|with)"
    rf"|(?:get|give|find|call) me) {_PERSON}"
    rf"|(?:i|we) (?:just |really )?(?:want|need|would like) {_SURE}"
    r"|is there (?:a|any) (?:real |live )?(?:human|person)(?: i can (?:talk|speak) (?:to|with))?"
    r"|(?:human|live) agent|real person"
    r")"
    r"(?: (?:please|now|right now|here|instead|asap|today|thanks|thank you))*"
    r"(?: about (?:my|this|it)(?: [a-z'-]+){0,4})?"
)
_CLAUSES = re.compile(r"[，。！？；…~～、,.!?;\n]+")
_OF_ONESELF = re.compile(
    r"(?:我|你|您|这|不|别|算了|没|唉|(?:i|i'm|my|we|you|your|this|it|no|not|don't|stop|enough)\b|please$)"
)
_ASKS = re.compile(
    r"什么|怎么|为何|为啥|如何|哪|多少|几[个种次]|意思|翻译|英[文语]|中[文语]|[吗呢]$"
    r"|\b(?:what|how|why|where|when|which|who|mean|means|translate|say|said|says)\b"
)


def wants_person(text: str) -> bool:
    """Whether a clause wishes for a person, and the others, if any, only tell of the learner or of us."""
    if len(text) > _LONGEST:
        return False
    plain = normalise(text).replace("’", "'").strip()
    clauses = [" ".join(clause.split()) for clause in _CLAUSES.split(plain) if clause.strip()]
    others = [clause for clause in clauses if not _wishes(clause)]
    if len(others) == len(clauses):
        return False
    return all(courtesy_of(clause) or _tells_of_oneself(clause) for clause in others)


def _wishes(clause: str) -> bool:
    return bool(_ZH.fullmatch(clause.replace(" ", "")) or _EN.fullmatch(clause))


def _tells_of_oneself(clause: str) -> bool:
    return bool(_OF_ONESELF.match(clause)) and not _ASKS.search(clause)
