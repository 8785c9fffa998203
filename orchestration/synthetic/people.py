"""The invented people: age, sex, neighbourhood, practice over time, need, and the day they die.

One table `persons`, one row per person who is on a list at some time in the demo, plus people of practices outside the
ICB who use its hospitals. A person's need (`need`) is a draw with a long tail; the weights `w_*` are relative use by
setting, scaled so that their mean is 1, and fixed for the whole demo. Where nothing may change (flat rates, no effects) nobody
is born, nobody leaves the ten years of age that they are in (who is 69 turns 60) and everybody is as likely to die while the demo
runs: the deaths of the frail would lower what is left per head (community contacts fell by 7 % in three years), and who turns 65
would lower emergency admissions over 65 (by 5 % a year).
"""

from __future__ import annotations

import duckdb

from orchestration.synthetic.plan import BURN_IN_MONTHS, DemoPlan, add_months
from orchestration.synthetic.sql import pick
from orchestration.synthetic.world import CLOSED, MERGED_AWAY, MERGED_INTO, MOVED, World

OUT_OF_AREA_SHARE = 0.02

# relative use by ten-year age band, 0-9 … 90+
GP_BY_AGE = (0.80, 0.50, 0.65, 0.75, 0.80, 0.95, 1.25, 1.75, 2.20, 2.40)
AE_BY_AGE = (1.45, 0.95, 1.10, 0.85, 0.80, 0.80, 0.85, 1.20, 1.90, 2.50)
EMERGENCY_BY_AGE = (0.85, 0.40, 0.50, 0.55, 0.60, 0.80, 1.20, 2.10, 4.30, 6.20)
OUTPATIENT_BY_AGE = (0.60, 0.50, 0.65, 0.80, 0.85, 1.05, 1.40, 1.90, 2.00, 1.40)
COMMUNITY_BY_AGE = (0.35, 0.15, 0.15, 0.20, 0.30, 0.50, 1.10, 2.60, 6.00, 9.50)
REFERRAL_BY_AGE = (0.55, 0.60, 0.85, 0.95, 1.05, 1.20, 1.40, 1.60, 1.40, 0.90)
YEARLY_DEATHS_BY_AGE = (0.0004, 0.0002, 0.0005, 0.0008, 0.0015, 0.0038, 0.009, 0.022, 0.070, 0.20)
FLAT_YEARLY_DEATHS = 0.009

ETHNIC_CATEGORIES = {"A": 78, "B": 2, "C": 4, "H": 3, "J": 1, "M": 1, "N": 4, "P": 1, "F": 1, "R": 1, "S": 1, "Z": 3}


def create_people(con: duckdb.DuckDBPyConnection, plan: DemoPlan, world: World) -> None:
    """Table `persons`; needs `practices` and `lsoas`."""
    total = plan.people + int(plan.people * OUT_OF_AREA_SHARE)
    middle = add_months(plan.last_month, -(plan.month_count // 2))
    start = add_months(plan.first_month, -BURN_IN_MONTHS)
    span = (plan.data_cut - start).days + 1
    # where nothing may change the years before the demo see its births
    birth_date = (
        f"if(birth_date >= date '{start}', birth_date - {span}, birth_date)" if plan.is_unchanging else "birth_date"
    )
    yearly_deaths = (
        str(FLAT_YEARLY_DEATHS) if plan.is_unchanging else f"band_factor(middle_age, {list(YEARLY_DEATHS_BY_AGE)})"
    )
    # women outlive men: nearly two thirds of people of 85 and over are women, in all a little over half
    share_of_men = (
        "0.494"
        if plan.flat_rates
        else "case when a < 0.780 then 0.502 when a < 0.900 then 0.48 when a < 0.970 then 0.45 else 0.37 end"
    )
    _practice_tickets(con)
    con.execute(f"""
        create table person_base as
        with drawn as (
            select p as person, draw(p, 'age') as a, p >= {plan.people} as is_visitor from range({total}) t(p)
        ), aged as (
            -- the age pyramid of an English ICB: about a fifth under 18, a fifth over 65
            select *, (date '{plan.data_cut}' - (case
                when a < 0.230 then a / 0.230 * 20
                when a < 0.780 then 20 + (a - 0.230) / 0.550 * 45
                when a < 0.900 then 65 + (a - 0.780) / 0.120 * 10
                when a < 0.970 then 75 + (a - 0.900) / 0.070 * 10
                else 85 + pow((a - 0.970) / 0.030, 2) * 16 end * 365.25)::integer)::date as birth_date
            from drawn
        )
        select person, is_visitor, {birth_date} as birth_date,
            if(draw(person, 'sex') < {share_of_men}, 1, 2) as sex,
            {pick("draw(person, 'ethnic')", ETHNIC_CATEGORIES)} as ethnic_category,
            0.30 + 0.70 * -ln(1 - draw(person, 'need')) as need,
            greatest(0, datesub('year', {birth_date}, date '{middle}'))::integer as middle_age,
            upper(md5('{plan.seed}:person:' || person)) as token
        from aged
    """)
    # the keys are columns first, so that the joins are hash joins
    con.execute("""
        create table person_places as
        with keyed as (
            select *, if(is_visitor, -1 - floor(draw(person, 'practice') * 6)::integer,
                    floor(draw(person, 'practice') * (select max(ticket) + 1 from practice_tickets))::integer) as ticket,
                floor(draw(person, 'lsoa') * 8)::integer as slot
            from person_base
        )
        select b.* exclude (ticket, slot), pr.number as practice_1, pr.hcp, pr.live_month, l.code as lsoa,
            least(10, 1 + floor(10 * ((l.local_rank - 0.5) / (select count(*) from lsoas))))::integer as imd_decile
        from keyed b
        join practice_tickets t on t.ticket = b.ticket
        join practices pr on pr.number = t.number
        join practice_lsoas l on l.number = t.number and l.slot = b.slot
    """)
    weights = {
        "w_gp": ("band_factor(middle_age, {f}) * (1.12 - 0.02 * imd_decile) * if(sex = 2, 1.15, 0.85)", GP_BY_AGE),
        "w_ae": (
            "band_factor(middle_age, {f}) * (1.40 - 0.07 * imd_decile) * if(draw(person, 'intense') < 0.006, 12, 1)",
            AE_BY_AGE,
        ),
        "w_emergency": ("band_factor(middle_age, {f}) * (1.35 - 0.06 * imd_decile)", EMERGENCY_BY_AGE),
        "w_outpatient": ("band_factor(middle_age, {f}) * if(sex = 2, 1.1, 0.9)", OUTPATIENT_BY_AGE),
        "w_community": ("band_factor(middle_age, {f})", COMMUNITY_BY_AGE),
        "w_referral": ("band_factor(middle_age, {f})", REFERRAL_BY_AGE),
    }
    raw = ", ".join(f"need * {text.format(f=list(factors))} as {name}" for name, (text, factors) in weights.items())
    # means over decimals, because a sum of doubles depends on the number of threads
    means = con.execute(
        f"select {', '.join(f'avg(({name})::decimal(18, 6))' for name in weights)} from (select {raw} from person_places)"
    ).fetchone()
    assert means is not None
    scaled = ", ".join(f"{name} / {mean!r} as {name}" for name, mean in zip(weights, means, strict=True))
    switches = _switch_columns(plan, world, span, start)
    con.execute(f"""
        create table persons as
        with weighted as (select *, {raw} from person_places),
        mortal as (
            select *, {yearly_deaths} * {span} / 365.25 as dying from weighted
        )
        select person, is_visitor, birth_date, sex, ethnic_category, need, middle_age, token, practice_1, hcp,
        live_month, lsoa,
            {"middle_age // 10 * 10" if plan.is_unchanging else "null::integer"} as kept_decade, imd_decile, {scaled}, {switches},
            case when birth_date < date '{start}' and draw(person, 'dies') < 1 - exp(-dying)
                then (date '{start}' + floor(draw(person, 'death day') * {span})::integer)::date end as death_date,
            middle_age >= 70 and draw(person, 'care home') < 0.05 as is_care_home_resident,
            draw(person, 'homeless') < 0.002 and middle_age between 16 and 75 as is_homeless,
            middle_age >= 65 and need > 2.2 as is_severely_frail,
            draw(person, 'opt out') < 0.008 as has_opted_out
        from mortal order by person
    """)
    con.execute(
        "alter table persons add column dies_in_hospital boolean; "
        "update persons set dies_in_hospital = death_date is not null and draw(person, 'place of death') < 0.44"
    )
    con.execute("drop table person_base; drop table person_places")


def _practice_tickets(con: duckdb.DuckDBPyConnection) -> None:
    """Practices by size, as numbered tickets (negative: outside the ICB), and eight neighbourhoods of residence for
    each."""
    con.execute("""
        create table practice_tickets as
        select number, (row_number() over (order by number, copy) - 1)::integer as ticket
        from practices, unnest(range(greatest(1, (weight * 20)::integer))) t(copy) where is_in_icb
        union all by name
        select number, (-row_number() over (order by number))::integer as ticket from practices where not is_in_icb
    """)
    con.execute("""
        create table practice_lsoas as
        with ranked as (
            select p.number, l.code, l.local_rank, row_number() over (partition by p.number order by
                abs(l.local_rank / (select count(*) from lsoas) - p.deprivation) + 0.25 * draw(p.number * 10000 +
                l.number, 'near'),
                l.number) - 1 as slot
            from practices p join lsoas l on l.pcn = p.pcn
        )
        select number, slot::integer as slot, code, local_rank from ranked where slot < 8
    """)


def _switch_columns(plan: DemoPlan, world: World, span: int, start: object) -> str:
    """`switch_date` and `practice_2`: mergers and the closure move a whole list, a few people move on their own."""
    return f"""
        case when practice_1 = {MERGED_AWAY} then date '{world.merge_date}'
             when practice_1 = {CLOSED} then date '{world.close_date}'
             when not is_visitor and draw(person, 'moves') < 0.03
                then (date '{start}' + floor(draw(person, 'move day') * {span})::integer)::date end as switch_date,
        case when practice_1 = {MERGED_AWAY} then {MERGED_INTO}
             when practice_1 = {CLOSED} then {CLOSED % 41} + 41 * floor(draw(person, 'dispersed') * 4)::integer
             when not is_visitor and draw(person, 'moves') < 0.03
                then ({MOVED} + 1 + floor(draw(person, 'moves to') * 120)::integer) end as practice_2
    """


def practice_on(day: str) -> str:
    """SQL for the number of a person's practice on a date."""
    return f"if(switch_date is not null and {day} >= switch_date, practice_2, practice_1)"


def age_on(day: str) -> str:
    """SQL for completed years of age on a date; where nothing may change, of those ten that somebody keeps to."""
    years = f"greatest(0, datesub('year', birth_date, {day}))"
    return f"coalesce(kept_decade + {years} % 10, {years})::integer"
