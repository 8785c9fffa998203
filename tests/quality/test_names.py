"""A name in a seed that leads nowhere is refused when the checks are registered, before there is any delivery to count."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.build import compiled_models
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.gate import write_registry
from orchestration.gate.names import require_names

pytestmark = pytest.mark.slow


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the seeds, to misspell."""
    copy = shutil.copytree(compiled_models.SEEDS_DIR, tmp_path / "seeds")
    monkeypatch.setattr(compiled_models, "SEEDS_DIR", copy)
    return copy


def test_the_names_of_the_seeds_lead_somewhere(tmp_path: Path) -> None:
    require_names(Settings(home=tmp_path, threads=1))


@pytest.mark.parametrize(
    ("seed", "right", "wrong", "said"),
    [
        ("indicator_catalogue", ",additive,emergency_admissions,", ",additive,emergancy_admissions,",
         "indicator_catalogue.numerator_measure_id: there is no measure emergancy_admissions"),
        ("indicator_catalogue", ",duration,emergency_stay_nights_distribution,", ",duration,emergency_stay_nights_distributions,",
         "indicator_catalogue.numerator_measure_id: there is no measure emergency_stay_nights_distributions"),
        ("indicator_catalogue", ",age;sex;imd_quintile;event_flag;person_list,", ",age;sex;imd_quintil;event_flag;person_list,",
         "indicator_catalogue.cohorts: there is no kind imd_quintil"),
        ("measure_requirements", ",person;diagnosis,", ",person;diagnoses,",
         "measure_requirements.asks: there is no property diagnoses"),
        ("status_groups", "urgent_care,ecds,", "urgent_care,ecdss,", "status_groups.feed: there is no feed ecdss"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_refused_with_its_place(
    seeds: Path, tmp_path: Path, seed: str, right: str, wrong: str, said: str
) -> None:
    file = seeds / f"{seed}.csv"
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(IntMartsError, match=said):
        write_registry(Settings(home=tmp_path, threads=1))
