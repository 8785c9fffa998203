"""What every asset shares: the delivery partitions, the home that is held while a run writes, and plain words for failures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import dagster as dg
from pydantic import PrivateAttr

from orchestration.foundation.errors import (
    EXIT_BUSY,
    EXIT_FAULT,
    EXIT_GATE_SHUT,
    EXIT_REFUSED,
    EXIT_USAGE,
    EXIT_VERIFY_DIFFERS,
    Busy,
    IntMartsError,
)
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings, load_settings
from orchestration.graph.instance import DELIVERY_PARTITIONS
from orchestration.landing.deliveries import find_delivery

DELIVERIES = dg.DynamicPartitionsDefinition(name=DELIVERY_PARTITIONS)
# a pinned release family: that the parameter may change in another one is no news for whoever opens the UI
warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
# several deliveries picked in the UI are one run: all are taken in, the newest is refreshed
ONE_RUN = dg.BackfillPolicy.single_run()
OWNER = "team:icb_intelligence_team"
DATA_ENGINEERS = "team:data_engineering"
ENDINGS = {
    EXIT_FAULT: "a fault in the pipeline itself",
    EXIT_USAGE: "not as it is used",
    EXIT_REFUSED: "delivery refused",
    EXIT_GATE_SHUT: "gate shut",
    EXIT_BUSY: "busy: another run holds the home",
    EXIT_VERIFY_DIFFERS: "a release does not hold what its receipt says",
}


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


@contextmanager
def plain_words(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, step: str) -> Iterator[None]:
    """Run one step; a failure of the house becomes one plain sentence in the UI, without a traceback."""
    try:
        with reporter().step(step):
            yield
    except IntMartsError as error:
        raise told(error) from None


def told(error: IntMartsError) -> dg.Failure:
    """A failure of the house as Dagster shows it: the command's own words, no traceback, no retry."""
    return dg.Failure(
        description=str(error),
        metadata={"what_happened": str(error), "ended_as": ENDINGS[error.exit_code], "exit_code": error.exit_code},
        allow_retries=False,
    )
