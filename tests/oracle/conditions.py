"""Conditions read from the diagnoses and procedures of a first emergency episode (definitions part B 20-21, C13)."""

from __future__ import annotations

from collections.abc import Iterable

from .records import Episode

CHRONIC_LUNG = ("J41", "J42", "J43", "J44", "J47")
HEART_PROCEDURES = tuple("K0 K1 K2 K3 K4 K50 K52 K55 K56 K57 K60 K61 K66 K67 K68 K69 K71 K73 K74".split())  # noqa: SIM905


def starts(code: str, prefixes: Iterable[str]) -> bool:
    return any(code.startswith(prefix) for prefix in prefixes)


def span(letter: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number:02d}" for number in range(first, last + 1))


def primary(episode: Episode) -> str:
    return episode.diagnosis_codes[0] if episode.diagnosis_codes else ""


def any_position(episode: Episode, prefixes: Iterable[str]) -> bool:
    wanted = tuple(prefixes)
    return any(starts(code, wanted) for code in episode.diagnosis_codes)


def secondary(episode: Episode, prefixes: Iterable[str]) -> bool:
    wanted = tuple(prefixes)
    return any(starts(code, wanted) for code in episode.diagnosis_codes[1:])


def procedure(episode: Episode, prefixes: Iterable[str]) -> bool:
    wanted = tuple(prefixes)
    return any(starts(code, wanted) for code in episode.procedure_codes)


def is_acs_chronic(episode: Episode) -> bool:
    """2.3.i as West Sussex Public Health codes it; the emergency admission itself is judged elsewhere."""
    if episode.epitype != "1" or episode.classpat != "1" or episode.sex == "unknown":
        return False
    if episode.admisorc in {"51", "52", "53"}:
        return False
    code = primary(episode)
    if starts(code, ("B180", "B181")):
        return not secondary(episode, ("D57",))
    if starts(code, ("I110", "I50", "J81", "I130", "I10", "I119")):
        return not procedure(episode, HEART_PROCEDURES)
    if starts(code, ("I20", "I25")):
        return not procedure(episode, (*"ABCDEFGHIJKLMNOPQRSTVW", "X0", "X1", "X2", "X4", "X5"))
    if code.startswith("J20"):
        return secondary(episode, CHRONIC_LUNG)
    plain = ("D501", "D508", "D509", "D51", "D52", "G40", "G41", "I48", "J45", "J46", *CHRONIC_LUNG)
    return starts(code, (*span("E", 10, 14), *span("F", 0, 3), *plain))


def is_acs_19(episode: Episode) -> bool:
    """The NHS Institute's 19 conditions."""
    return is_acs_acute(episode) or is_acs_vaccine(episode) or is_acs_19_chronic(episode)


def is_acs_acute(episode: Episode) -> bool:
    code = primary(episode)
    plain = ("G40", "G41", "O15", "R56", "E86", "K522", "K528", "K529", "A690", *span("K", 2, 6), "K08", "K098", "K099")
    plain += ("K12", "K13", "H66", "H67", "J02", "J03", "J06", "J312", "N70", "N73", "N74", "N10", "N11", "N12", "N136")
    if starts(code, plain) or any_position(episode, ("R02",)):
        return True
    if starts(code, span("K", 25, 28)):
        return code[3:4] in set("012456") and len(code) > 3
    if starts(code, ("L03", "L04", "L080", "L088", "L089", "L88", "L980")):
        spared = (*"ABCDEFGHJKLMNOPQRTVW", "S1", "S2", "S3", "S41", "S42", "S43", "S44", "S45", "S48", "S49")
        return not procedure(episode, (*spared, "X01", "X02", "X04", "X05"))
    return False


def is_acs_vaccine(episode: Episode) -> bool:
    lungs = ("J10", "J11", "J13", "J14", "J153", "J154", "J157", "J159", "J168", "J181", "J188")
    if any_position(episode, lungs) and not secondary(episode, ("D57",)):
        return True
    others = ("A35", "A36", "A37", "A80", "B05", "B06", "B161", "B169", "B180", "B181", "B26", "G000", "M014")
    return any_position(episode, others)


def is_acs_19_chronic(episode: Episode) -> bool:
    code = primary(episode)
    if starts(code, ("I20", "I240", "I248", "I249")):
        return not procedure(episode, (*"ABCDEFGHJKLMNOPQRSTVW", "X01", "X02", "X04", "X05"))
    if starts(code, ("I110", "I50", "J81", "I10", "I119")):
        return not procedure(episode, HEART_PROCEDURES)
    if code.startswith("J20") and secondary(episode, CHRONIC_LUNG):
        return True
    diabetes = tuple(f"{letters}{part}" for letters in span("E", 10, 14) for part in range(9))
    if any_position(episode, diabetes):
        return True
    return starts(code, ("J45", "J46", *CHRONIC_LUNG, "D501", "D508", "D509", *span("E", 40, 43), "E550", "E643"))


def is_self_harm(episode: Episode) -> bool:
    """A cause code X60-X84; the first finished emergency episode already leaves regular attenders out."""
    return any_position(episode, span("X", 60, 84))


def is_alcohol_specific(episode: Episode) -> bool:
    listed = ("F10", "K70", "T510", "T511", "T519", "E244", "G312", "G621", "G721", "I426", "K292", "K852", "K860")
    return any_position(episode, (*listed, "Q860", "R780", "X45", "X65", "Y15", "Y90", "Y91"))


def has_no_fixed_abode(episode: Episode) -> bool:
    return any_position(episode, ("Z590",))
