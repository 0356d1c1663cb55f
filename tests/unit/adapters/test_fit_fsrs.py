"""The fit's formulas are the package's, and a fit explains what it was given better than its start."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from baize.adapters.fit_fsrs import FEWEST_OWN, SPREADS, fit, histories, learn, loss, of_learner, recalls
from baize.adapters.schedule_fsrs import FsrsScheduler
from baize.domain.review import RECALLS, Review

DAY_S = 86_400.0
START = 1_790_000_000.0


def forgetful(n_cards: int, pace: float) -> list[Review]:
    """Learners who forget `pace` times as fast as FSRS believes."""
    rng = random.Random(4)  # noqa: S311 - a log that must repeat
    scheduler = FsrsScheduler(retention=0.9)
    log: list[Review] = []
    for card in range(n_cards):
        memory, at = scheduler.new(START), START + 0.0
        for n in range(rng.randint(1, 7)):
            likely = scheduler.recall(memory, at + (at - (memory.reviewed_at or at)) * (pace - 1))
            recall = rng.choice(RECALLS[1:]) if n == 0 or rng.random() < likely else "again"
            log.append(Review("p", f"l{card % 3}", f"c{card}", at, recall))
            memory = scheduler.after(memory, recall, at)
            # Now and then again on the same day, now and then late.
            at = at + 3600 if rng.random() < 0.1 else memory.due + rng.choice((0, 0, 0.4, 9)) * DAY_S
    return log


def test_recall_is_the_package_s_own_review_by_review() -> None:
    pytest.importorskip("scipy")
    from fsrs.scheduler import DEFAULT_PARAMETERS

    log = forgetful(40, 1.0)
    told = recalls(histories(log), np.array(DEFAULT_PARAMETERS))
    scheduler = FsrsScheduler(retention=0.9)
    compared = 0
    for row, card in enumerate(dict.fromkeys(one.card_id for one in log)):
        memory = scheduler.new(START)
        for column, one in enumerate(one for one in log if one.card_id == card):
            if column:
                assert told[column][row] == pytest.approx(scheduler.recall(memory, one.at), abs=1e-9)
                compared += 1
            memory = scheduler.after(memory, one.recall, one.at)
    assert compared > 80


def test_a_fit_finds_those_who_forget_faster() -> None:
    pytest.importorskip("scipy")
    found = fit(histories(forgetful(150, 3.0)), rounds=8)
    assert found.after < found.before - 0.01
    fitted = FsrsScheduler(retention=0.9, parameters=found.parameters)
    plain = FsrsScheduler(retention=0.9)
    memory = fitted.after(fitted.new(START), "good", START)
    assert memory.due < plain.after(plain.new(START), "good", START).due
    assert fitted.name != plain.name


def test_a_fit_is_judged_by_learners_it_has_not_seen() -> None:
    pytest.importorskip("scipy")
    log = [replace(one, learner_id=f"l{one.card_id}") for one in forgetful(150, 3.0)]
    found = learn(log)
    assert found is not None
    assert found.n < histories(log).n
    assert found.after < found.before - 0.01
    assert learn(log[:50]) is None
    assert learn([replace(one, learner_id="l1") for one in log]) is None


def test_no_reviews_leave_the_parameters_as_they_are() -> None:
    pytest.importorskip("scipy")
    from fsrs.scheduler import DEFAULT_PARAMETERS

    assert fit(histories([]), rounds=2).parameters == pytest.approx(DEFAULT_PARAMETERS)


@pytest.mark.parametrize("pace", [0.3, 1.0, 4.0])
def test_a_learner_s_own_numbers_foretell_what_they_were_not_estimated_of(pace: float) -> None:
    """At other cards; where the platform's are right already, they stay near. Few reviews say nothing."""
    from fsrs.scheduler import DEFAULT_PARAMETERS

    log = [replace(one, learner_id="lin") for one in forgetful(240, pace)]
    first = [one for one in log if int(one.card_id[1:]) < 120]
    held = histories([one for one in log if int(one.card_id[1:]) >= 120])
    found = of_learner(first)
    assert found is not None
    before, after = (loss(held, np.array(w)) for w in (DEFAULT_PARAMETERS, found))
    assert after < before + 0.004
    if pace != 1.0:
        assert after < before - 0.01
        assert (found[2] > DEFAULT_PARAMETERS[2]) is (pace < 1)
    same = [n for n in range(21) if n > 3 and n != 8]
    assert [found[n] for n in same] == [DEFAULT_PARAMETERS[n] for n in same]
    few = [one for one in first if int(one.card_id[1:]) < 5]
    assert histories(few).n < FEWEST_OWN
    assert of_learner(few) is None


def test_a_learner_s_own_numbers_are_the_likeliest_ones() -> None:
    """Nowhere near them are the log and the draw together likelier."""
    from fsrs.scheduler import DEFAULT_PARAMETERS

    begin = np.array(DEFAULT_PARAMETERS)
    log = histories(replace(one, learner_id="lin") for one in forgetful(80, 3.0))

    def cost(factor: float, growth: float) -> float:
        w = begin.copy()
        w[:4] *= np.exp(factor)
        w[8] += growth * SPREADS[8]
        return loss(log, w) * log.n + 0.5 * (factor**2 + growth**2)

    found = np.array(of_learner([replace(one, learner_id="lin") for one in forgetful(80, 3.0)]))
    at = np.log(found[0] / begin[0]), (found[8] - begin[8]) / SPREADS[8]
    around = [cost(at[0] + a, at[1] + b) for a in (-0.15, 0, 0.15) for b in (-0.15, 0, 0.15)]
    assert min(around) == around[4]


def test_a_forged_log_makes_no_wide_table() -> None:
    """An import may hold a card with any number of reviews beside very many cards."""
    log = [Review("p", "l", "c", START + n * DAY_S, "good") for n in range(5000)]
    log += [Review("p", "l", f"d{n}", START, "good") for n in range(500)]
    assert histories(log).grades.size < 100_000


def test_a_fit_finds_first_stabilities_of_another_size_in_few_rounds() -> None:
    """A tenth of FSRS's own, of which a spread is up to thirty times as much: no step ends at a bound."""
    pytest.importorskip("scipy")
    from fsrs.scheduler import DEFAULT_PARAMETERS

    rng = random.Random(5)  # noqa: S311 - a log that must repeat
    true = [*(one / 10 for one in DEFAULT_PARAMETERS[:4]), *DEFAULT_PARAMETERS[4:]]
    knower, planner = FsrsScheduler(retention=0.9, parameters=true), FsrsScheduler(retention=0.9)
    log: list[Review] = []
    for card in range(500):
        knows, plan, at = knower.new(START), planner.new(START), START
        for n in range(6):
            passed = n == 0 or rng.random() < knower.recall(knows, at)
            recall = rng.choice(RECALLS) if n == 0 else "good" if passed else "again"
            log.append(Review("p", "lin", f"c{card}", at, recall))
            knows, plan = knower.after(knows, recall, at), planner.after(plan, recall, at)
            at = plan.due
    known = histories(log)
    assert fit(known, rounds=5).after < loss(known, np.array(true))
