-- People with at least so many events in 12 months, per area and cohort, for each threshold that the catalogue asks for.
with

thresholds as (
    select distinct
        measures.person_measure_key,
        measures.measure_id,
        measures.cohort_id,
        catalogue.events_per_person
    from {{ ref('indicator_catalogue') }} as catalogue
    inner join {{ ref('person_measures') }} as measures on catalogue.numerator_measure_id = measures.measure_id
    where catalogue.measure_kind = 'person_period'
),

ladder as (
    {{ person_step_sums(
        'thresholds', [], 'cast({k} >= events_per_person as integer)', 12, further=['events_per_person']
    ) | indent(4) }}
)

select
    ladder.area_key,
    ladder.month_number,
    thresholds.measure_id,
    thresholds.cohort_id,
    ladder.events_per_person,
    ladder.total as people
from ladder
inner join thresholds
    on
        ladder.person_measure_key = thresholds.person_measure_key
        and ladder.events_per_person = thresholds.events_per_person
