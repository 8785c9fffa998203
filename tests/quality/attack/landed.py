"""Reading and rewriting the delimited files of a landed delivery, to plant faults in them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
csv.field_size_limit(10_000_000)


@dataclass
class Landed:
    """One delivery in landing. Column names are matched without regard to case."""

    folder: Path

    @property
    def delivery(self) -> str:
        return self.folder.name

    @property
    def last_month(self) -> str:
        return self.folder.name[:7]

    def files(self, feed: str) -> list[Path]:
        """Every file of a feed, in its folder or beside it; the longest feed name wins, as in the pipeline."""
        inside = (
            sorted(path for path in (self.folder / feed).glob("*") if path.is_file())
            if (self.folder / feed).is_dir()
            else []
        )
        beside = [
            path
            for path in sorted(self.folder.glob(f"{feed}*"))
            if path.is_file() and not (feed == "gp_registrations" and path.name.startswith("gp_registrations_lsoa"))
        ]
        found = inside + beside
        assert found, f"the demo holds no {feed}"
        return found

    def rewrite(self, feed: str, change: Callable[[list[Row]], Iterable[Row]], names: list[str] | None = None) -> int:
        """`change` gets the rows of each file (keys in capitals) and returns those to write. Returns how many rows differ."""
        changed = 0
        for path in self.files(feed):
            text = path.read_text(encoding="utf-8-sig")
            delimiter = "|" if text[:2000].count("|") > text[:2000].count(",") else ","
            lines = list(csv.reader(text.splitlines(), delimiter=delimiter))
            header = names or lines[0]
            body = lines if names else lines[1:]
            keys = [name.upper() for name in header]
            before = [dict(zip(keys, line, strict=False)) for line in body]
            after = list(change([dict(row) for row in before]))
            changed += abs(len(after) - len(before)) + sum(a != b for a, b in zip(after, before, strict=False))
            path.unlink()
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
                if not names:
                    writer.writerow(header)
                writer.writerows([row.get(key, "") for key in keys] for row in after)
        return changed

    def each(self, feed: str, change: Callable[[Row], None], where: Callable[[Row], bool] = lambda row: True) -> int:
        """Change rows one by one, in place."""

        def rows(found: list[Row]) -> list[Row]:
            for row in found:
                if where(row):
                    change(row)
            return found

        return self.rewrite(feed, rows)

    def keep(self, feed: str, where: Callable[[Row], bool]) -> int:
        return self.rewrite(feed, lambda found: [row for row in found if where(row)])


def moved(value: str, days: int) -> str:
    """An ISO date moved by days; anything else, and the extract's own null dates, as they are."""
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return value
    return value if day.year < 1990 else (day + dt.timedelta(days=days)).isoformat()
