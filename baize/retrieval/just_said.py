"""Question + place in the player → what was said in the last minute, for a question that points at it.

Stands in for `find` where a learner asks “他刚才说的是什么意思？”: nothing in that could be searched
for. `pack` follows. Any other question is left to `find`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from baize.domain.locator import Locator, TimeSpan, join
from baize.domain.search import Hit, Match, Moment, Position, Scope
from baize.domain.sentences import detect_language
from baize.domain.text import Chunk, Segment
from baize.ports import Cards, Catalog, ChunkIndex
from baize.retrieval.fetch import fetch
from baize.retrieval.terms import normalise, terms

WINDOW_S = 60.0

_WHO = r"(?:[他她您你]们?|老师|讲师|医生|教授|主讲人?|视频|课)"
_TEACHER = r"(?:he|she|they|you|the (?:teacher|lecturer|instructor|speaker|professor|doctor|video|narrator))"
_AT_THE_VIDEO = re.compile(
    rf"刚[才刚]?(?:{_WHO}(?:里|上)?)?(?:所|在|是)?(?:说|讲|提|谈|介绍|解释|演示|念|[那这]|一?[句段]|的(?:内容|话|部分|[那这]))"
    rf"|{_WHO}(?:现在|刚|正|正在|在|这里|这是)?(?:说|讲|念)(?:的|了|到|完)?(?:这[些句段话]*)?(?:都?是)?(?:什么|啥)"
    r"|没(?:有)?(?:太|怎么)?(?:听|跟)(?:懂|清|明白|到|上)|听不(?:懂|清|明白)|(?:上|前)一句"
    r"|\bjust (?:now\b|say|said|saying|tell|told|mention|explain|talk|show|describ|cover)"
    rf"|\b(?:did|does) {_TEACHER} (?:just |only )?(?:say|mean|mention|tell|explain)"
    rf"|\b(?:was|is|were|are) {_TEACHER} (?:just )?(?:saying|talking|explaining|telling)"
    r"|\b(?:last|previous) (?:sentence|part|point|minute|bit|thing|few (?:sentences|seconds))"
    r"|\b(?:did(?:n't| not|n’t)|could(?:n't| not|n’t)) (?:quite |really )?"
    r"(?:hear|catch|get|follow|understand)",
    re.IGNORECASE,
)
_AT_THIS = re.compile(
    r"[这那](?:是|里|儿|个|句话?|一?[段句]话?|部分|个?词|些)?(?:讲|说)?的?(?:是|都是)?(?:什么意思|啥意思|在?[说讲]什么|怎么理解)"
    r"|[这那](?:里|儿|一?[段句]话?|部分)[说讲]的?(?:都?是)?(?:什么|啥)"
    r"|(?:[这那]一?[句段]话?|[这那]里|[这那]部分)(?:再|能|可以|请|没|不|怎么|是)"
    r"|再(?:说|讲|解释|来)一?(?:遍|下|次)|(?:没|不)(?:太)?(?:明白|懂|理解)[。！!]?$"
    r"|\bwhat(?:'s|’s| is| was| does| did| do) (?:this|that|it|these|those)(?: all)?(?: mean| about)?\s*\??$"
    r"|\b(?:explain|repeat|say) (?:this|that|it)\b"
    r"|\bdo(?:n't| not|n’t) (?:get|understand|follow) (?:this|that|it)\b",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    rf"刚[才刚]?|{_WHO}|现在|正在|这里|那里|什么|意思|怎么|为什么|解释|说明|介绍|演示|提到|谈到|说|讲|念|理解|明白|清楚|听|懂|跟"
    r"|[上前这那]一?[句段]|[这那]|内容|部分|句|段|话|东西|地方|一[遍下次点]|[遍下次]|重点|总结|概括|简单|详细|通俗|帮|请|能|可以|我|用|再|重新|[没不]有?太?|清|吗|呢|吧"
    r"|\b(?:teacher|lecturer|instructor|speaker|professor|doctor|narrator|video|mean\w*|sa(?:y|ys|id|ying)|explain\w*"
    r"|te?[ol]l[ds]?|telling|talk\w*|mention\w*|show\w*|describ\w*|cover\w*|repeat|again|please|understand|catch|get|got|follow"
    r"|hear\w*|part|point|bit|sentences?|things?|words?|just|now|last|previous|few|minutes?|seconds?|ago|simpl\w*"
    r"|summar\w*|other|more|details?|quite|really|only|right|there|here|first|one|main|idea"
    r"|he|she|about|sorry|miss\w*|i|did(?:n't|n’t)?|could(?:n't|n’t)?|don(?:'t|’t))\b",
    re.IGNORECASE,
)


def points_at(question: str, *, in_conversation: bool) -> bool:
    """Whether a question asks about what is being said in the player.

    Args:
        in_conversation: “What does that mean?” then asks about the answer before, not about the video.
    """
    question = normalise(question)
    if _AT_THE_VIDEO.search(question):
        return True
    return not in_conversation and _AT_THIS.search(question) is not None


def own_terms(question: str) -> list[str]:
    """The terms of a question without those that only point; none in “What did he just say?”."""
    return terms(_SAYS_NOTHING.sub(" ", normalise(question)))


async def just_said(
    question: str, at: Position, scope: Scope, *, index: ChunkIndex, catalog: Catalog | Cards
) -> list[Moment]:
    """What was said in the minute before `at`, each passage cut to it: in its order, or the words first.

    There is nothing where the lesson is out of scope; nor for a question with words of its own
    (“刚才说的袖带要多紧？”) of which none was said: then the course at large knows better.

    Raises:
        IndexUnavailable: the store does not answer.
    """
    if scope.lesson_ids and at.lesson_id not in scope.lesson_ids:
        return []
    known = scope.up_to.position_s if scope.up_to and scope.up_to.lesson_id == at.lesson_id else at.t
    end = min(at.t, known)
    minute = TimeSpan(min(max(at.t - WINDOW_S, 0.0), end), end)
    heard = replace(scope, lesson_ids=(at.lesson_id,), starts_within=minute)
    matches = [Match(chunk_id, "", n, 0.0, "said") for n, chunk_id in enumerate(await index.ids(heard), 1)]
    found = (await fetch(matches, scope.platform_id, index=index, catalog=catalog)).hits
    moments = _by_passage(_of_one_track(found, detect_language(question)), minute)
    own = own_terms(question)
    return _that_say(own, moments) if own else moments


def _that_say(own: Sequence[str], moments: Sequence[Moment]) -> list[Moment]:
    """With the focus on the sentence that says most of these words, most first; none where all say none."""
    wanted = set(own)

    def n_said(text: str) -> int:
        return len(wanted.intersection(terms(text)))

    focused = [
        replace(moment, focus=max(moment.hit.chunk.sentences, key=lambda s: n_said(s.text)))
        for moment in moments
    ]
    focused.sort(key=lambda moment: -n_said(moment.focus.text))
    return focused if focused and n_said(focused[0].focus.text) else []


def _of_one_track(hits: Sequence[Hit], language: str) -> list[Hit]:
    """Of subtitles in several languages those of the question; of speech and slides what says more."""
    readable = [hit for hit in hits if hit.chunk.language == language] or list(hits)
    tracks = Counter((hit.chunk.source_file, hit.chunk.language) for hit in readable)
    most = max(tracks, key=lambda track: (tracks[track], track), default=None)
    return [hit for hit in readable if (hit.chunk.source_file, hit.chunk.language) == most]


def _by_passage(hits: Sequence[Hit], minute: TimeSpan) -> list[Moment]:
    """One moment for each passage; its link lands on the last sentence that was begun."""
    passages = {hit.chunk.locator: hit for hit in hits}
    moments: list[Moment] = []
    told = minute.start
    for hit in sorted(passages.values(), key=lambda hit: _start(hit.chunk.locator)):
        # Neighbouring passages share sentences; each is told once.
        cut = _cut(hit.chunk, told, minute.end)
        if cut is not None:
            moments.append(Moment(replace(hit, chunk=cut), cut.sentences[-1]))
            told = math.nextafter(_start(cut.sentences[-1].locator), math.inf)
    return moments


def _cut(chunk: Chunk, start: float, end: float) -> Chunk | None:
    """The passage with only those of its sentences that begin within the span, as verbatim as before."""
    kept = tuple(s for s in chunk.sentences if start <= _start(s.locator) < end)
    if not kept:
        return None
    return replace(
        chunk,
        text=_between(chunk.text, kept),
        sentences=kept,
        locator=join(kept[0].locator, kept[-1].locator),
        focus=None,
        n_tokens=0,
    )


def _between(text: str, kept: Sequence[Segment]) -> str:
    first = text.find(kept[0].text)
    end = first
    for sentence in kept:
        end = text.find(sentence.text, end) + len(sentence.text)
    return text[first:end]


def _start(locator: Locator) -> float:
    return locator.start if isinstance(locator, TimeSpan) else -1.0
