"""One typed settings object: environment (`INT_MARTS_…`) over `int_marts.toml` in the home over the defaults here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from orchestration.foundation.errors import UsageError

PREFIX = "INT_MARTS_"
SETTINGS_FILE = "int_marts.toml"
PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_REQUIRED_FEEDS = (
    "int_membership",
    "gp_registrations",
    "hes_apc",
    "hes_op",
    "ecds",
    "gp_appointments|gp_appointments_published",
)


class Home(BaseModel):
    """Where the data of one ICB lives. Every path of the pipeline is derived here and nowhere else."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        """The private DuckDB file that only dbt writes."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def inputs_file(self) -> Path:
        """A DuckDB file of views over the live lake files and of the build plan; dbt attaches it read-only as `inputs`."""
        return self.warehouse / "inputs.duckdb"

    @property
    def evidence(self) -> Path:
        """What the checks found about the build in the warehouse (JSON), read by the gate."""
        return self.warehouse / "evidence"

    @property
    def spill(self) -> Path:
        """Where DuckDB puts aside rows of people that do not fit into memory."""
        return self.warehouse / "spill"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def releases_public(self) -> Path:
        return self.root / "releases_public"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's target and log folders, kept between runs so that partial parsing works."""
        return self.root / "dbt"

    @property
    def public_ledger(self) -> Path:
        return self.root / "public_ledger"

    @property
    def waivers_file(self) -> Path:
        return self.root / "waivers.yml"

    @property
    def lock_file(self) -> Path:
        return self.root / ".int_marts.lock"

    def create(self) -> None:
        """Make the folders, readable by their owner alone where they hold person-level data. Raises `UsageError` where one is a file."""
        private = (self.lake, self.warehouse, self.dagster, self.dbt)
        for folder in (self.root, self.landing, self.releases, self.releases_public, self.logs, *private):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise UsageError(f"{folder} is no folder: move away what stands there, or mend the link") from None
        for folder in private:
            folder.chmod(0o700)


# Below this a second thread of DuckDB finds little to do, and asks for work without a pause: of a tiny build 22 processor seconds with one
# thread, 25 to 39 with two, the more the busier the machine is, and no more on the clock; the checks of a warehouse of 433 MB 12.5 and
# 17; the ingest of 208 MB of text 4.0 and 5.3.
ONE_THREAD_BYTES = 1 << 30
# Parquet is packed several times as close as a database.
PARQUET_WEIGHS = 8


class Settings(BaseSettings):
    """What differs between one ICB and the next."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(default=Path("data"), description="folder of landing, lake, warehouse and releases")
    icb_code: str = Field(default="QZZ", description="ODS code of the integrated care board")
    icb_name: str = Field(default="Demo Integrated Care Board")
    sub_icb_codes: tuple[str, ...] = Field(
        default=("99Z",), description="sub-ICB location codes whose practices are the ICB's"
    )
    required_feeds: tuple[str, ...] = Field(
        default=DEFAULT_REQUIRED_FEEDS, description="a delivery without these is refused; `a|b` means one of the two"
    )
    person_hash_key: SecretStr | None = Field(default=None, description="key of the hash over local person identifiers")
    local_identifier_feeds: tuple[str, ...] = Field(
        default=(), description="feeds that carry local identifiers, keyed-hashed on the way in"
    )
    person_id_spaces: dict[str, str] = Field(
        default_factory=dict, description="feed -> identifier space, where it differs from the feed's contract"
    )
    threads: int = Field(default_factory=lambda: min(os.cpu_count() or 2, 8), ge=1)
    memory_limit: str = Field(
        default="4GB",
        pattern=r"^\s*\d+(\.\d+)?\s*([kKmMgGtT]i?)?[bB]\s*$",
        description="DuckDB memory limit, as 4GB; beyond it DuckDB spills to disk",
    )
    restatement_flag_pct: float = Field(
        default=5.0, gt=0, description="a published figure that moves more than this is flagged"
    )
    anticipation_months: int = Field(
        default=0, ge=0, le=11, description="months before a go-live that already belong to neither side of it"
    )
    releases_kept: int = Field(default=12, ge=1)
    expected_providers: tuple[str, ...] = Field(
        default=(), description="provider codes expected each month, beside those that usually send"
    )
    schedule_cron: str = Field(default="0 6 * * *", description="when the schedule looks for a new delivery")
    timezone: str = "Europe/London"
    sensor_settle_seconds: int = Field(
        default=60, ge=0, description="sizes must be stable this long before a delivery is taken"
    )
    retention_months: int = Field(default=96, ge=1, description="logs and Dagster runs older than this are removed")
    alert_webhook_url: SecretStr | None = None
    alert_smtp_host: str | None = None
    alert_smtp_port: int = 25
    alert_from: str | None = None
    alert_to: tuple[str, ...] = ()
    postgres_dsn: SecretStr | None = Field(default=None, description="serving database for `publish --to postgres`")
    dagster_postgres_url: SecretStr | None = Field(
        default=None, description="Dagster run storage; default is SQLite in the home"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = Path(init_settings().get("home") or os.environ.get(f"{PREFIX}HOME") or "data")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, home / SETTINGS_FILE)

    @cached_property
    def paths(self) -> Home:
        root = self.home if self.home.is_absolute() else Path.cwd() / self.home
        return Home(root=root)

    def threads_for(self, *data: Path) -> int:
        """How many of DuckDB's threads these files are worth; a file that is not there weighs nothing."""
        weight = sum(
            file.stat().st_size * (PARQUET_WEIGHS if file.suffix == ".parquet" else 1) for file in data if file.exists()
        )
        return self.threads if weight > ONE_THREAD_BYTES else 1


def load_settings(**overrides: Any) -> Settings:
    """Settings for this process. Raises `UsageError` with one clear line when a setting is wrong.

    >>> load_settings(home=Path("/nowhere")).icb_code
    'QZZ'
    """
    require_known_names()
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UsageError(
            f"setting {name}: {plainly(first, name)} ({PREFIX}{name.upper()} or {SETTINGS_FILE})"
        ) from None
    except SettingsError as error:
        raise UsageError(f"{error}: a list is written as {PREFIX}SUB_ICB_CODES='[\"91Q\"]'") from None
    except ValueError as error:
        raise UsageError(f"{SETTINGS_FILE} cannot be read: {error}") from None
    root = settings.paths.root
    if any(path.exists() and not path.is_dir() for path in (root, *root.parents)):
        raise UsageError(f"{root} is no folder: name the home of the data with --home or {PREFIX}HOME")
    return settings


def plainly(wrong: Mapping[str, Any], name: str) -> str:
    """What is wrong with a setting, and what it is for."""
    field = Settings.model_fields.get(name)
    said = {"extra_forbidden": "there is no such setting", "tuple_type": 'it is a list, as ["a", "b"]'}
    words = said.get(wrong["type"], wrong["msg"])
    if wrong["type"] == "string_pattern_mismatch":
        words = "it is not written as it should be"
    return f"{words}; {field.description}" if field and field.description else words


def require_known_names() -> None:
    """A misspelt name in the environment would be passed over in silence, and the default would stand.

    Raises `UsageError`; other names that begin alike belong to others.
    """
    known = [field.upper() for field in Settings.model_fields]
    for name in sorted(name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)):
        if name not in known and (meant := get_close_matches(name, known, n=1, cutoff=0.8)):
            raise UsageError(f"there is no setting {PREFIX}{name}: is {PREFIX}{meant[0]} meant?")
