-- People with at least so many events in 12 months, per area and cohort, for each threshold that the catalogue asks for.
with

thresholds as (
    select distinct
        numerator_measure_id as measure_id,
        events_per_person
    from {{ ref('indicator_catalogue') }}
    where measure_kind = 'person_period'
),

ladder as (
    {{ person_step_sums(
        [],
        'cast({k} >= thresholds.events_per_person as integer)',
        12,
        where='measure_id in (select thresholds.measure_id from thresholds)',
        further_join=['thresholds', 'measure_id', 'events_per_person']
    ) | indent(4) }}
)

select
    boundary,
    area_type,
    area_code,
    month,
    measure_id,
    cohort_id,
    events_per_person,
    total as people
from ladder
