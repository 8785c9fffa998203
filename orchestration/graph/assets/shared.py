"""What every asset shares: the delivery partitions, the home that is held while a run writes, and plain words for failures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from orchestration.foundation.errors import Busy, IntMartsError
from orchestration.foundation.home_lock import hold
from orchestration.foundation.machine import machine_fault
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings, load_settings
from orchestration.graph.instance import DELIVERY_PARTITIONS
from orchestration.landing.deliveries import find_delivery

DELIVERIES = dg.DynamicPartitionsDefinition(name=DELIVERY_PARTITIONS)
# a pinned release family: that these may change in another one is no news for whoever opens the UI
for what in ("Parameter `backfill_policy`", "Class `LocalFileCodeReference`", "Class `CodeReferencesMetadataValue`"):
    warnings.filterwarnings("ignore", what, dg.BetaWarning)
# several deliveries picked in the UI are one run: all are taken in, the newest is refreshed
ONE_RUN = dg.BackfillPolicy.single_run()
OWNER = "team:icb_intelligence_team"
DATA_ENGINEERS = "team:data_engineering"
_given: Settings | None = None


def use_settings(settings: Settings) -> None:
    """The command runs the job in its own process: the assets must see the very settings that it was given."""
    global _given
    _given = settings


def settings_of_this_process() -> Settings:
    """What the command was given; in a run started from the UI, what environment and `int_marts.toml` say."""
    return _given or load_settings()


class HomeResource(dg.ConfigurableResource):
    """The settings of this home. A run that writes holds the home's lock from its first step to its last."""

    wait_for_lock: bool = False
    _settings: Settings = PrivateAttr()

    @property
    def settings(self) -> Settings:
        return self._settings

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[HomeResource]:
        self._settings = settings_of_this_process()
        run_id = context.run_id or "direct"
        with ExitStack() as held:
            try:
                held.enter_context(
                    hold(self._settings.paths, purpose=f"Dagster run {run_id[:8]}", wait=self.wait_for_lock)
                )
            except Busy as error:
                reporter().failures.append(error)
                raise told(error) from None
            yield self


def delivery_in(tags: Mapping[str, str], instance: dg.DagsterInstance) -> str | None:
    """The delivery that a run's tags name; the newest, where several were picked in the UI for one run."""
    if named := tags.get("dagster/partition"):
        return named
    start, end = (tags.get(f"dagster/asset_partition_range_{side}") for side in ("start", "end"))
    if start is None or end is None:
        return None
    # Dagster orders deliveries as they were registered, and a late one may be older
    known = instance.get_dynamic_partitions(DELIVERY_PARTITIONS)
    return max(known[known.index(start) : known.index(end) + 1])


def delivery_of_run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings) -> str:
    """The delivery a run is for: its partition, or the newest one where the run has none."""
    named = delivery_in(context.run.tags, context.instance)
    if named:
        return named
    return find_delivery(settings.paths, None).name


def source_code(file: Path) -> dict[str, dg.CodeReferencesMetadataValue]:
    """Metadata of a definition that the UI shows as *Source code*, a link into the reader's editor.

    The path of this machine that an editor needs stays with the loaded code: no event, hash or release has it.
    """
    link = dg.LocalFileCodeReference(file_path=str(file.resolve()), label=file.name)
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[link])}


@contextmanager
def plain_words(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, step: str) -> Iterator[None]:
    """Run one step; a failure of the house becomes one plain sentence in the UI, without a traceback."""
    try:
        with reporter().step(step):
            yield
    except IntMartsError as error:
        raise told(error) from None
    except (OSError, MemoryError, duckdb.Error) as error:
        if fault := machine_fault(error):
            reporter().failures.append(fault)
            raise told(fault) from None
        # what the engine says may quote a value: its kind alone is told
        unforeseen = IntMartsError(f"{step} failed ({type(error).__name__})")
        reporter().failures.append(unforeseen)
        raise told(unforeseen) from None


def told(error: IntMartsError) -> dg.Failure:
    """A failure of the house as Dagster shows it: the command's own words, no traceback, no retry."""
    return dg.Failure(
        description=str(error),
        metadata={"what_happened": str(error), "ended_as": error.ended_as, "exit_code": error.exit_code},
        allow_retries=False,
    )
