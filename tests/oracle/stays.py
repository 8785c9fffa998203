"""Spells, continuous inpatient spells, readmissions and bed nights, slowly, from definitions C3, C4, C5 and C14."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from .records import Episode, month_of

LAST_DAY = date(9999, 12, 31)
TRANSFER_OUT = {"49", "50", "51", "52", "53", "84"}
TRANSFER_IN = {"49", "50", "51", "52", "53", "87"}
TRANSFER_METHODS = {"2B", "81"}
MATERNITY_EPISODES = {"2", "3", "5", "6"}
BIRTH_EPISODES = {"3", "6"}
MATERNITY_SPECIALTIES = {"501", "560", "610"}


@dataclass
class Spell:
    """One provider spell: episodes in order; `discharge` is None while the patient is still in."""

    person_id: str | None
    episodes: list[Episode]
    data_cut: date

    @property
    def admission(self) -> date:
        return self.episodes[0].admidate

    @property
    def discharge(self) -> date | None:
        days = [e.disdate for e in self.episodes if e.disdate is not None]
        return max(days) if days else self.inferred_discharge

    @property
    def inferred_discharge(self) -> date | None:
        """E5: no discharge, but the newest episode is finished and ended more than 60 days before the cut."""
        ended = self.last.epiend if self.last.epistat == "3" else None
        if ended is None or ended < self.last.admidate or (self.data_cut - ended).days <= 60:
            return None
        return ended

    @property
    def first(self) -> Episode:
        return self.episodes[0]

    @property
    def last(self) -> Episode:
        return self.episodes[-1]

    @property
    def discharging(self) -> Episode:
        """The episode that says how and where to the patient went: the last one with the discharge date, else the last."""
        with_date = [e for e in self.episodes if e.disdate is not None and e.disdate == self.discharge]
        return with_date[-1] if with_date else self.last

    @property
    def end(self) -> date:
        return self.discharge or LAST_DAY


@dataclass
class Stay:
    """One CIPS: the spells of one continuous stay in hospital, whoever provided it."""

    spells: list[Spell] = field(default_factory=list)

    @property
    def admission(self) -> date:
        return self.spells[0].admission

    @property
    def end(self) -> date:
        return max(spell.end for spell in self.spells)

    @property
    def discharge(self) -> date | None:
        return None if self.end == LAST_DAY else self.end

    @property
    def first(self) -> Episode:
        return self.spells[0].first

    @property
    def ending_spell(self) -> Spell:
        """C14: the spell that ends last, a tie goes to the one that starts last."""
        return max(enumerate(self.spells), key=lambda numbered: (numbered[1].end, numbered[1].admission, numbered[0]))[
            1
        ]

    @property
    def last(self) -> Episode:
        return self.ending_spell.last

    @property
    def discharging(self) -> Episode:
        return self.ending_spell.discharging

    @property
    def episodes(self) -> list[Episode]:
        return [episode for spell in self.spells for episode in spell.episodes]

    @property
    def person_id(self) -> str | None:
        return self.spells[0].person_id


def episode_order(episode: Episode) -> tuple:
    """C3: EPISTART, EPIORDER, EPIEND, EPIKEY; a missing one comes last."""
    return (
        episode.epistart or LAST_DAY,
        episode.epiorder if episode.epiorder is not None else 999,
        episode.epiend or LAST_DAY,
        episode.epikey,
    )


def tied_ids(episodes: Iterable[Episode]) -> dict[tuple, tuple]:
    """E5: each spell id → the one that stands for all it hangs together with, within person and provider, by union and find."""
    leader: dict[tuple, tuple] = {}

    def find(node: tuple) -> tuple:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for episode in episodes:
        ids = spell_ids(episode)
        for one in ids:
            first, second = sorted((find(ids[0]), find(one)))
            leader[second] = first
    return {node: find(node) for node in leader}


def spell_ids(episode: Episode) -> list[tuple]:
    kinds = {"P": episode.provspnops, "S": episode.susspellid}
    where = (episode.person_id, episode.provider_code)
    return [(*where, kind, number) for kind, number in kinds.items() if number]


def spells(episodes: Iterable[Episode], data_cut: date) -> list[Spell]:
    """C3, C14, E5: by SUSSPELLID or PROVSPNOPS, transitively; without either, with the day's first episode that has one, else by day.
    Episodes without an admission date belong to no spell, those without a person to nobody else's."""
    usable = [e for e in episodes if e.admidate is not None]
    known = sorted((e for e in usable if e.person_id is not None), key=episode_order)
    tied = tied_ids(known)
    borrowed: dict[tuple, tuple] = {}
    for episode in known:
        for one in spell_ids(episode)[:1]:
            borrowed.setdefault((episode.person_id, episode.provider_code, episode.admidate), tied[one])
    grouped: dict[tuple, list[Episode]] = defaultdict(list)
    for episode in usable:
        day = (episode.person_id, episode.provider_code, episode.admidate)
        ids = spell_ids(episode)
        if episode.person_id is None:
            grouped[("nobody", episode.epikey)].append(episode)
        else:
            grouped[tied[ids[0]] if ids else borrowed.get(day, day)].append(episode)
    return [Spell(found[0].person_id, sorted(found, key=episode_order), data_cut) for found in grouped.values()]


def is_stay(spell: Spell) -> bool:
    """C3, C14: day cases and regular attenders (CLASSPAT 2, 3, 4) are never in a CIPS."""
    return spell.first.classpat not in {"2", "3", "4"}


def joins(stay: Stay, following: Spell) -> bool:
    """The [EPIDM] rule of section 15 with C3's overlap rule."""
    if following.admission < stay.end:
        return True
    gap_days = (following.admission - stay.end).days
    if gap_days > 2:
        return False
    previous, following_first = stay.discharging, following.first
    if previous.disdest == "19" and following_first.admisorc == "51" and following_first.admimeth == "21":
        return False
    return (
        previous.disdest in TRANSFER_OUT
        or following_first.admisorc in TRANSFER_IN
        or following_first.admimeth in TRANSFER_METHODS
    )


def stays(all_spells: Iterable[Spell]) -> list[Stay]:
    """C14 order: admission, discharge, EPIKEY (of the spell's first episode). Nobody is never linked (C1)."""
    by_person: dict[str, list[Spell]] = defaultdict(list)
    found: list[Stay] = []
    for spell in all_spells:
        if not is_stay(spell):
            continue
        if spell.person_id is None:
            found.append(Stay([spell]))
        else:
            by_person[spell.person_id].append(spell)
    for person in sorted(by_person):
        current: Stay | None = None
        for spell in sorted(by_person[person], key=lambda s: (s.admission, s.end, s.first.epikey)):
            if current is not None and joins(current, spell):
                current.spells.append(spell)
            else:
                current = Stay([spell])
                found.append(current)
    return found


def is_cancer_code(code: str) -> bool:
    """C00-C97 except C44, D37-D48, Z51.1, Z51.2."""
    letter, number = code[:1], code[1:3]
    if not number.isdigit():
        return False
    if letter == "C":
        return int(number) <= 97 and number != "44"
    return (letter == "D" and 37 <= int(number) <= 48) or code[:4] in {"Z511", "Z512"}


def has_cancer(episode: Episode) -> bool:
    return any(is_cancer_code(code) for code in episode.diagnosis_codes)


def is_mental_health(specialty: str | None) -> bool:
    return bool(specialty) and specialty.isdigit() and 700 <= int(specialty) <= 727


def is_emergency(stay: Stay) -> bool:
    """First ADMIMETH 2x; a birth episode is not an emergency CIPS (C14)."""
    return (stay.first.admimeth or "").startswith("2") and stay.first.epitype not in BIRTH_EPISODES


def is_index(stay: Stay, cancer_days: dict[str, list[date]]) -> bool:
    """C4: a finished CIPS, alive, without cancer (now or in the 365 days before), maternity or mental health."""
    if stay.discharge is None:
        return False
    if stay.discharging.dismeth in {"4", "5"} or stay.discharging.disdest == "79":
        return False
    for episode in stay.episodes:
        if has_cancer(episode) or episode.epitype in MATERNITY_EPISODES:
            return False
        if episode.mainspef in MATERNITY_SPECIALTIES or is_mental_health(episode.mainspef):
            return False
    earliest = stay.admission - timedelta(days=365)
    return not any(earliest <= d < stay.admission for d in cancer_days.get(stay.person_id or "", []))


def is_readmission(stay: Stay) -> bool:
    """C4, C14: emergency, itself without obstetrics (MAINSPEF 501 in any episode) or cancer."""
    return is_emergency(stay) and not any(e.mainspef == "501" or has_cancer(e) for e in stay.episodes)


@dataclass(frozen=True)
class Index:
    """One index discharge and the days to its readmission, None when there was none within 90 days."""

    stay: Stay
    days: int | None

    def __hash__(self) -> int:
        return id(self.stay)


def readmissions(all_stays: list[Stay], episodes: Iterable[Episode]) -> list[Index]:
    """C4: each eligible emergency CIPS goes to the latest previous index-eligible discharge of the same person."""
    cancer_days: dict[str, list[date]] = defaultdict(list)
    for episode in episodes:
        if episode.person_id is not None and episode.epistart is not None and has_cancer(episode):
            cancer_days[episode.person_id].append(episode.epistart)
    by_person: dict[str, list[Stay]] = defaultdict(list)
    found: list[Index] = []
    for stay in all_stays:
        if stay.person_id is not None:
            by_person[stay.person_id].append(stay)
        elif is_index(stay, cancer_days):
            found.append(Index(stay, None))
    for person_stays in by_person.values():
        nearest: dict[int, int] = {}
        indexes = [n for n, stay in enumerate(person_stays) if is_index(stay, cancer_days)]
        for number, stay in enumerate(person_stays):
            if not is_readmission(stay):
                continue
            before = [n for n in indexes if n < number and person_stays[n].discharge <= stay.admission]
            if not before:
                continue
            latest = max(before, key=lambda n: (person_stays[n].discharge, n))
            days = (stay.admission - person_stays[latest].discharge).days
            if days <= 89:
                nearest[latest] = min(days, nearest.get(latest, days))
        found.extend(Index(person_stays[n], nearest.get(n)) for n in indexes)
    return found


def nights(stay: Stay, data_cut: date) -> dict[date, int]:
    """C5, C14: month → nights that start in it; a stay not ended counts up to and with the night of the cut."""
    end = stay.discharge if stay.discharge is not None else data_cut + timedelta(days=1)
    found: dict[date, int] = defaultdict(int)
    night = stay.admission
    while night < end:
        found[month_of(night)] += 1
        night += timedelta(days=1)
    return dict(found)


def split_by_nights(amount_pence: int, admission: date, discharge: date) -> dict[date, int]:
    """C6: cost over months by nights; a zero-night stay whole in its month; sums to the penny."""
    if admission == discharge:
        return {month_of(admission): amount_pence}
    counted: dict[date, int] = defaultdict(int)
    for offset in range((discharge - admission).days):
        counted[month_of(admission + timedelta(days=offset))] += 1
    total = sum(counted.values())
    shared, given = {}, 0
    for month in sorted(counted)[:-1]:
        shared[month] = (amount_pence * counted[month] * 2 + total) // (2 * total)
        given += shared[month]
    shared[max(counted)] = amount_pence - given
    return shared
