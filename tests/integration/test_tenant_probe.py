"""What one platform or learner wrote, asked for by the others by id, by list and by change: nothing comes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from benchmarks import tenant_probe

pytestmark = pytest.mark.timeout(900)


def test_nobody_sees_or_changes_what_another_wrote(tmp_path: Path) -> None:
    """Three hundred probes; ten thousand are made by `python -m benchmarks.tenant_probe`."""
    with tenant_probe.world(tmp_path) as made:
        kinds = {mark[3] for rows in made.before.values() for mark in tenant_probe.MARK.finditer(str(rows))}
        told = tenant_probe.probe(made, n_probes=300, seed=1)
    assert told.bad == []
    assert told.n_probes == 300
    # That there was something to be found, and that every kind of caller looked.
    wanted = {"question", "feedback", "interest", "attempt", "statement", "memory", "ticket", "contact"}
    assert kinds >= wanted | {"record", "edit", "exercise", "solution", "course"}
    assert len(told.pairs) == 6
    assert told.statuses["200"] > 30


def test_a_leak_would_be_told() -> None:
    """A mark of another learner, a thing that is found by its id, and a fault; one's own is no leak."""
    lin = tenant_probe.Caller("north", "lin", "")
    way = tenant_probe.Request("GET", "/v1/answers/x", by_id=True)

    def faults(status: int, text: str) -> list[str]:
        return list(tenant_probe._faults(lin, way, httpx.Response(status, text=text)))

    assert faults(404, "mknorthxlinxmemory mknorthxallxcourse") == []
    assert faults(404, "mknorthxwangxmemory") == ["404 shows memory of north/wang"]
    assert faults(404, "mksouthxlinxmemory") == ["404 shows memory of south/lin"]
    assert len(faults(200, "")) == 1
    assert len(faults(500, "")) == 2
