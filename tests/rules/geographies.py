"""A random geography: practices that join, leave, move, merge and close on random dates, and lists that come and go."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from .histories import DATA_CUT, FIRST_DAY, PRACTICES

SUB_ICB = "99Z"
INTS = [f"INT{n:02d}" for n in range(1, 9)]
BANDS = [f"{lower}_{lower + 4}" for lower in range(0, 95, 5)] + ["95+"]
MORE_PRACTICES = [f"Y8{n:04d}" for n in range(1, 301)]


@dataclass
class RandomGeography:
    """Rows of the reference feeds, as delivered."""

    int_membership: list[dict[str, object]] = field(default_factory=list)
    ods_practices: list[list[str]] = field(default_factory=list)
    ods_succession: list[list[str]] = field(default_factory=list)
    gp_registrations: list[dict[str, object]] = field(default_factory=list)


def parents(int_code: str) -> tuple[str, str]:
    """Two INTs share a PCN (a PCN may split into two INTs), four share an HCP."""
    number = int(int_code[3:])
    return f"U9{(number + 1) // 2:04d}", f"HCP{(number + 3) // 4}"


def random_geography(seed: int = 20241121) -> RandomGeography:
    """Always the same one for a seed. Spans of one practice never overlap; some leave a gap, some begin after the cut."""
    random = Random(seed)
    drawn = RandomGeography()
    codes = PRACTICES + MORE_PRACTICES
    for code in codes:
        is_ours = random.random() < 0.9
        drawn.ods_practices.append(ods_row(code, SUB_ICB if is_ours else "11X"))
        if not is_ours or random.random() < 0.08:
            continue
        start: date | None = None if random.random() < 0.8 else day_in(random)
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            stop = day_in(random) if random.random() < 0.5 else None
            if stop is not None and start is not None and stop <= start:
                stop = None
            drawn.int_membership.append(member(random, code, start, stop))
            if stop is None:
                break
            start = stop + timedelta(days=random.choice([0, 0, 0, 1, 40]))
    for code in random.sample(codes, 90):
        later = random.choice(codes)
        if later != code:
            drawn.ods_succession.append([code, later, "2", day_in(random).strftime("%Y%m%d"), "1"])
    for extract in (date(2023, 6, 1), date(2023, 7, 1), date(2024, 2, 1), date(2024, 3, 1), date(2025, 3, 1)):
        for code in codes:
            if random.random() < 0.95:
                drawn.gp_registrations += practice_list(random, code, extract)
    return drawn


def day_in(random: Random) -> date:
    """Often a first or last day of a month, where off-by-one faults live."""
    found = FIRST_DAY + timedelta(days=random.randrange((DATA_CUT - FIRST_DAY).days + 40))
    first = found.replace(day=1)
    return random.choice([found, first, first - timedelta(days=1) if first > FIRST_DAY else first])


def member(random: Random, code: str, start: date | None, stop: date | None) -> dict[str, object]:
    int_code = random.choice(INTS)
    pcn, hcp = parents(int_code)
    return {
        "practice_code": code,
        "int_code": int_code,
        "int_name": f"Team {int_code}",
        "pcn_code": pcn,
        "pcn_name": f"Network {pcn}",
        "hcp_code": hcp,
        "hcp_name": f"Partnership {hcp}",
        "valid_from": (start or date(2020, 4, 1)).isoformat(),
        "valid_to": stop.isoformat() if stop else "",
        "go_live_month": "",
    }


def ods_row(code: str, parent: str) -> list[str]:
    """epraccur: 27 columns without a header; 15 = commissioner, 26 = prescribing setting (4 = GP practice)."""
    row = [""] * 27
    row[0], row[1], row[2], row[3] = code, f"PRACTICE {code}", "Y99", "QZZ"
    row[10], row[12], row[13], row[14], row[15], row[25] = "19740401", "A", "B", parent, "20130401", "4"
    return row


def practice_list(random: Random, code: str, extract: date) -> list[dict[str, object]]:
    """`gp-reg-pat-prac-quin-age`: MALE and FEMALE by band, and the ALL rows that repeat every patient."""
    shared = {
        "PUBLICATION": "GP_PRAC_PAT_LIST",
        "EXTRACT_DATE": extract.isoformat(),
        "ORG_TYPE": "GP",
        "ORG_CODE": code,
        "ONS_CODE": "",
        "POSTCODE": "",
    }
    cells = {(sex, band): random.randrange(0, 60) for sex in ("MALE", "FEMALE") for band in BANDS}
    rows = [shared | {"SEX": s, "AGE_GROUP_5": b, "NUMBER_OF_PATIENTS": n} for (s, b), n in cells.items()]
    return [*rows, shared | {"SEX": "ALL", "AGE_GROUP_5": "ALL", "NUMBER_OF_PATIENTS": sum(cells.values())}]
