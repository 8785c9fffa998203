"""What every asset shares: the delivery partitions, the home that is held while a run writes, and plain words for failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg
from pydantic import PrivateAttr

from orchestration.errors import (
    EXIT_BUSY,
    EXIT_FAULT,
    EXIT_GATE_SHUT,
    EXIT_REFUSED,
    EXIT_USAGE,
    EXIT_VERIFY_DIFFERS,
    Busy,
    IntMartsError,
)
from orchestration.home_lock import hold
from orchestration.instance import DELIVERY_PARTITIONS
from orchestration.progress import reporter
from orchestration.settings import Settings, load_settings

DELIVERIES = dg.DynamicPartitionsDefinition(name=DELIVERY_PARTITIONS)
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


def delivery_of_run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings) -> str:
    """The delivery a run is for: its partition, or the newest one where the run has none."""
    named = context.run.tags.get("dagster/partition")
    if named:
        return named
    from orchestration.deliveries import find_delivery

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
