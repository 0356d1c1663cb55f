"""`--set` changes one setting and is checked like config.yaml."""

from __future__ import annotations

import pytest

from baize.errors import InvalidSettings
from baize.settings import Settings
from eval.overrides import with_overrides


def test_values_and_kinds() -> None:
    """Values are typed, a kind can be chosen, and the rest stays."""
    embedder = ["kind=openai", "base_url=http://x", "dim=3", "model=BAAI/bge-m3"]
    settings = with_overrides(Settings(), ["retrieval.leg_k=80", *(f"embedder.{one}" for one in embedder)])
    assert settings.retrieval.leg_k == 80
    assert settings.retrieval.n_moments == Settings().retrieval.n_moments
    assert settings.embedder.model_dump()["model"] == "BAAI/bge-m3"


def test_wins_over_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """An assignment wins over the environment, so that an ablation does what its command says."""
    monkeypatch.setenv("BAIZE_RETRIEVAL__LEG_K", "7")
    assert with_overrides(Settings(), ["retrieval.leg_k=80"]).retrieval.leg_k == 80


def test_off_is_a_word() -> None:
    """As in config.yaml, whose comments name it as a value."""
    assert with_overrides(Settings(), ["answers.reuse=off"]).answers.reuse == "off"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("retrieval.legk=3", "Did you mean leg_k?"),
        ("retreival.leg_k=3", "Did you mean retrieval?"),
        ("retrieval.leg_k=many", "--set retrieval.leg_k: must be a whole number."),
        ("leg_k=3", "this is no section.key=value"),
        ("data_dir.x=/", "there is no section 'data_dir'"),
        ("chat.kind=banana", "--set chat.kind"),
        ("retrieval.leg_k=[", "is no value"),
    ],
)
def test_wrong_assignments(assignment: str, said: str) -> None:
    """What is wrong is named by its key, with the nearest right one."""
    with pytest.raises(InvalidSettings) as error:
        with_overrides(Settings(), [assignment])
    assert said in str(error.value)
