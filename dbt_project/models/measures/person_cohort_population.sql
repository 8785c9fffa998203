-- Members of each list on the first of the month, where they are registered. The list itself does not say: a member's practice, sex and
-- age are those of the latest event up to that day, else of the first one after it, of feeds that every ICB delivers (definitions E1: with
-- another feed, people would move as it comes and goes). A member without any event has no place.
with

members as (
    select
        months.month,
        periods.cohort_id,
        periods.person_id
    from {{ ref('person_cohort_periods') }} as periods
    inner join {{ ref('months') }} as months on months.month >= periods.valid_from and months.month < periods.valid_to
),

people as (
    select distinct person_id
    from members
),

sightings as (
    {% for events in ['gp_appointment_events', 'ae_attendances', 'outpatient_appointments', 'admissions'] -%}
    select
        events.person_id,
        events.event_date,
        -- the first of the month on which it is known
        {{ add_months(month_start(add_days('events.event_date', -1)), 1) }} as month,
        -- of several on one day the first feed's, then the first in the alphabet: the order of rows means nothing
        struct_pack(
            feed_order := {{ loop.index }},
            practice_code := events.practice_code,
            sex := coalesce(events.sex, 'unknown'),
            age_band := coalesce(events.age_band, 'unknown')
        ) as place
    from {{ ref(events) }} as events
    inner join people on events.person_id = people.person_id
    where events.practice_code is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- a month at once: a day at once had to sort every sighting, a quarter of this model's time at two million people
by_month as (
    select
        person_id,
        month,
        min(struct_pack(days_before := {{ days_between('event_date', 'month') }}, place := place)).place as latest_place,
        min(struct_pack(event_date := event_date, place := place)).place as earliest_place
    from sightings
    group by person_id, month
),

firsts as (
    select
        person_id,
        arg_min(earliest_place, month) as place
    from by_month
    group by person_id
),

placed as (
    select
        members.month,
        members.cohort_id,
        coalesce(by_month.latest_place, firsts.place) as place
    from members
    inner join firsts on members.person_id = firsts.person_id
    asof left join by_month on members.person_id = by_month.person_id and members.month >= by_month.month
)

select
    month,
    cohort_id,
    place.practice_code as practice_code,
    place.sex as sex,
    place.age_band as age_band,
    count(*) as people
from placed
group by all
