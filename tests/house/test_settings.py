"""Settings: environment over int_marts.toml over defaults, and one clear line when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INT_MARTS_HOME", "INT_MARTS_ICB_CODE", "INT_MARTS_THREADS"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_are_the_demo_icb(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    assert settings.icb_code == "QZZ"
    assert settings.paths.landing == tmp_path / "landing"


def test_toml_in_the_home_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "int_marts.toml").write_text('icb_code = "QKS"\nsub_icb_codes = ["91Q"]\n')
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    settings = load_settings()
    assert (settings.icb_code, settings.sub_icb_codes) == ("QKS", ("91Q",))


def test_environment_wins_over_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "int_marts.toml").write_text('icb_code = "QKS"\n')
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    monkeypatch.setenv("INT_MARTS_ICB_CODE", "QZZ")
    assert load_settings().icb_code == "QZZ"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("threads = 0", "threads"),
        ('icb_kode = "QKS"', "icb_kode"),
        ("releases_kept = 'many'", "releases_kept"),
        ("icb_code =", "int_marts.toml"),
        ('sub_icb_codes = "99Z"', 'it is a list, as ["a", "b"]'),
        ('memory_limit = "lots"', "as 4GB"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, named: str
) -> None:
    (tmp_path / "int_marts.toml").write_text(text)
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INT_MARTS_REQUIRED_FEED", '["ecds"]', "is INT_MARTS_REQUIRED_FEEDS meant?"),
        ("INT_MARTS_REQUIRED_FEEDS", "ecds", "a list is written as"),
    ],
)
def test_a_misspelt_or_half_valid_variable_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("INT_MARTS_OF_ANOTHER_PROGRAM", "1")
    assert load_settings(home=tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        load_settings(home=tmp_path)
    assert said in str(caught.value) and "int_marts.toml" not in str(caught.value)


def test_a_home_that_is_a_file_or_in_one_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("x")
    for home in (tmp_path / "note", tmp_path / "note" / "data"):
        with pytest.raises(UsageError, match="is no folder"):
            load_settings(home=home)


def test_a_landing_that_is_a_file_or_a_broken_link_is_named_and_a_link_to_a_folder_will_do(tmp_path: Path) -> None:
    home = load_settings(home=tmp_path / "home").paths
    home.root.mkdir()
    (tmp_path / "share").mkdir()
    for stand_there in (home.landing.touch, lambda: home.landing.symlink_to(tmp_path / "nowhere")):
        stand_there()
        with pytest.raises(UsageError, match="landing is no folder"):
            home.create()
        home.landing.unlink()
    home.landing.symlink_to(tmp_path / "share")
    home.create()


def test_secrets_never_show(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, person_hash_key="a-secret-of-the-icb")
    assert "a-secret-of-the-icb" not in repr(settings)
    assert "a-secret-of-the-icb" not in str(settings.model_dump())


def test_person_level_folders_are_the_owners_alone(tmp_path: Path) -> None:
    home = load_settings(home=tmp_path / "home").paths
    home.create()
    for folder in (home.lake, home.warehouse, home.dagster, home.dbt):
        assert folder.stat().st_mode & 0o077 == 0
