"""What a new public release hides: the small counts, and as many others as it takes until no hidden one can be worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.publishing.disclosure import Cell, Knowledge, Publication, is_primary
from orchestration.publishing.feasible import Prover


@dataclass(frozen=True)
class Protection:
    """The decision: which cells of the new release are hidden, and why.

    `cornered` are cells that earlier releases already gave away (through a rule that has changed since): nothing published now can
    take that back, and everything of their measure is hidden. Empty unless something went wrong before.
    """

    primary: frozenset[Cell]
    complementary: frozenset[Cell]
    cornered: tuple[Cell, ...] = ()

    @property
    def hidden(self) -> frozenset[Cell]:
        return self.primary | self.complementary


def protect(
    new: Publication,
    earlier: Sequence[Publication],
    relations: Sequence[dict[str, Any]],
    with_complementary: bool = True,
) -> Protection:
    """Decide what a new public release hides. `with_complementary=False` exists to show that the attack test can fail."""
    primary = frozenset(
        (name, *place)
        for name, measure in new.measures.items()
        for place, count in measure.figures.items()
        if is_primary(count)
    )
    is_nothing_hidden = not primary and not any(publication.hidden for publication in earlier)
    if is_nothing_hidden or not with_complementary:
        return Protection(primary, frozenset())
    knowledge = Knowledge(relations)
    knowledge.add_publication(new, is_new=True, tag="new")
    for number, publication in enumerate(earlier):
        knowledge.add_publication(publication, is_new=False, tag=f"earlier {number}")
    prover = Prover(knowledge)
    complementary = prover.hide_until_safe(sorted(primary))
    return Protection(primary, frozenset(complementary), tuple(prover.cornered))
