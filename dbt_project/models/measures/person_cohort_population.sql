-- Members of each list on the first of the month, where they are registered. The list itself does not say: a member's practice, sex and
-- age are those of the latest event up to that day, else of the first one after it. A member without any event has no place.
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
    {% for events in ['gp_appointment_events', 'ae_attendances', 'outpatient_appointments', 'admissions', 'community_contact_events'] -%}
    select
        events.person_id,
        events.event_date,
        {{ loop.index }} as feed_order,
        events.practice_code,
        coalesce(events.sex, 'unknown') as sex,
        coalesce(events.age_band, 'unknown') as age_band
    from {{ ref(events) }} as events
    inner join people on events.person_id = people.person_id
    where events.practice_code is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- one sighting a day and person keeps the choice free of the order of rows
daily as (
    select distinct on (person_id, event_date) *
    from sightings
    order by person_id, event_date, feed_order, practice_code, sex, age_band
),

firsts as (
    select
        person_id,
        arg_min(struct_pack(p := practice_code, s := sex, a := age_band), event_date) as place
    from daily
    group by person_id
),

placed as (
    select
        members.month,
        members.cohort_id,
        case
            when daily.event_date is not null
                then struct_pack(p := daily.practice_code, s := daily.sex, a := daily.age_band)
            else firsts.place
        end as place
    from members
    inner join firsts on members.person_id = firsts.person_id
    asof left join daily on members.person_id = daily.person_id and members.month >= daily.event_date
)

select
    month,
    cohort_id,
    place.p as practice_code,
    place.s as sex,
    place.a as age_band,
    count(*) as people
from placed
group by all
