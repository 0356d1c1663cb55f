"""A chosen course → facts that speak for it, the strongest first; and facts → sentences."""

from __future__ import annotations

from collections.abc import Mapping

from baize.domain.learner import Reason
from baize.recommend.candidates import Record
from baize.recommend.shelf import Shelf

_MOST = 3
_FEWEST_POPULAR = 3
_LOOK_BACK = 20


def course_reasons(shelf: Shelf, record: Record, number: int) -> tuple[Reason, ...]:
    """At most three; at least one where the course has a tag or a learner."""
    course = shelf.courses[number]
    completed = record.completed or {}
    reasons = [
        Reason(sign.kind, course_id=sign.course_id, lesson_id=sign.lesson_id, at=sign.at)
        for sign in sorted(record.signs, key=lambda sign: sign.kind != "enrolled")
        if sign.course_id == course.id
    ][:1]
    reasons += [
        Reason("prerequisite", course_id=one, at=completed[one])
        for one in shelf.gated.get(number, ())
        if one in completed
    ][:1]
    reasons += _followed(shelf, record, number)
    reasons += [Reason("interest", tag=tag) for tag in record.interests if tag in course.tags][:1]
    reasons += _tag(shelf, record, number) or _sign(shelf, record, number)
    if not reasons and shelf.begun[number] >= _FEWEST_POPULAR:
        reasons.append(Reason("popular", n=int(shelf.begun[number])))
    if not reasons and shelf.channels[number]:
        reasons.append(Reason("channel", tag=shelf.channels[number]))
    return _with_record(record, reasons)


def _with_record(record: Record, reasons: list[Reason]) -> tuple[Reason, ...]:
    """At most three; the last one is the archive's record of a course that one before it names."""
    named = [
        record.archived[one.course_id] for one in reasons[: _MOST - 1] if one.course_id in record.archived
    ]
    if not named:
        return tuple(reasons[:_MOST])
    done = Reason("completed", course_id=named[0].course_id, at=named[0].completed_at, record_id=named[0].id)
    return (*reasons[: _MOST - 1], done)


def _followed(shelf: Shelf, record: Record, number: int) -> list[Reason]:
    following = shelf.next_of.get(number)
    if shelf.learned is None or following is None:
        return []
    counted = [
        (shelf.learned.n_followers(course_id, following), course_id)
        for course_id in record.begun[-_LOOK_BACK:]
        if course_id in shelf.numbers
    ]
    n, course_id = max(counted, default=(0, ""))
    return [Reason("followed", course_id=course_id, n=n)] if n else []


def _tag(shelf: Shelf, record: Record, number: int) -> list[Reason]:
    own = shelf.courses[number].tags
    for course_id in reversed(record.begun):
        before = shelf.numbers.get(course_id)
        shared = [tag for tag in own if before is not None and tag in shelf.courses[before].tags]
        if shared:
            rarest = min(shared, key=lambda tag: len(shelf.by_tag[tag]))
            return [Reason("tag", course_id=course_id, tag=rarest)]
    return []


def _sign(shelf: Shelf, record: Record, number: int) -> list[Reason]:
    """The latest sign of another course that shares a tag."""
    own = shelf.courses[number].tags
    for sign in record.signs:
        other = shelf.numbers.get(sign.course_id)
        if other is None or other == number:
            continue
        shared = [tag for tag in own if tag in shelf.courses[other].tags]
        if shared:
            rarest = min(shared, key=lambda tag: len(shelf.by_tag[tag]))
            return [Reason(sign.kind, sign.course_id, sign.lesson_id, rarest, at=sign.at)]
    return []


_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "completed": "您已学完《{title}》，接着学这一节。",
        "completed_course": "您已学完《{title}》。",
        "unfinished": "上次学到 {time}，可以接着看。",
        "interest": "符合您选择的兴趣“{tag}”。",
        "followed": "有 {n} 位学员学过《{title}》之后学了这门课。",
        "prerequisite": "您已学完先修课《{title}》，可以学这门课了。",
        "tag": "和您学过的《{title}》一样，都属于“{tag}”。",
        "popular": "已有 {n} 位学员在学这门课。",
        "explains": "这里讲到了《{title}》里的“{term}”。",
        "channel": "来自“{tag}”频道。",
        "asked": "您问过“{title}”这一课里的问题。",
        "asked_tag": "您问过“{title}”这一课里的问题，这门课也属于“{tag}”。",
        "practised": "您做过“{title}”这一课的练习。",
        "practised_tag": "您做过“{title}”这一课的练习，这门课也属于“{tag}”。",
        "enrolled": "您已报名《{title}》，可以开始学了。",
        "enrolled_tag": "您报名了《{title}》，这门课也属于“{tag}”。",
    },
    "en": {
        "completed": "You completed “{title}”; this lesson comes next.",
        "completed_course": "You completed “{title}”.",
        "unfinished": "You stopped at {time}: go on from there.",
        "interest": "Matches your interest in “{tag}”.",
        "followed": "{n} learners took this after “{title}”.",
        "prerequisite": "You completed “{title}”, which this course builds on.",
        "tag": "Like “{title}”, which you took, it is about “{tag}”.",
        "popular": "{n} learners have begun this course.",
        "explains": "It speaks about “{term}” from “{title}”.",
        "channel": "From the channel “{tag}”.",
        "asked": "You asked about what the lesson “{title}” says.",
        "asked_tag": "You asked about what the lesson “{title}” says; this course is about “{tag}”, too.",
        "practised": "You practised the lesson “{title}”.",
        "practised_tag": "You practised the lesson “{title}”; this course is about “{tag}”, too.",
        "enrolled": "You enrolled in “{title}”.",
        "enrolled_tag": "You enrolled in “{title}”; this course is about “{tag}”, too.",
    },
}


def sentence(reason: Reason, title: str, language: str) -> str:
    """The reason for a person.

    Args:
        title: of the lesson or course that the reason names.
    """
    words = _SENTENCES.get(language, _SENTENCES["zh"])
    name: str = "completed_course" if reason.kind == "completed" and not reason.lesson_id else reason.kind
    if reason.tag and f"{name}_tag" in words:
        name = f"{name}_tag"
    seconds = int(reason.until_s or 0)
    return words[name].format(
        title=title, tag=reason.tag, term=reason.term, n=reason.n, time=f"{seconds // 60}:{seconds % 60:02}"
    )
