-- One row per indicator and cohort that is worked out: everyone, and each cohort of the kinds that the catalogue names. A cohort of
-- flagged events divides by its own population; where the denominator is activity, the activity of the same cohort.
with

pairs as (
    select
        catalogue.*,
        cohorts.cohort_id,
        cohorts.kind as cohort_kind,
        cohorts.population_measure_id,
        cohorts.months_of_history
    from {{ ref('indicator_catalogue') }} as catalogue
    inner join {{ ref('cohort_definitions') }} as cohorts
        on cohorts.kind = 'all' or list_contains(string_split(coalesce(catalogue.cohorts, ''), ';'), cohorts.kind)
    -- reported measures are of everybody, and come as their own figures
    where catalogue.measure_kind not like 'reported_%'
)

select
    cast(row_number() over (order by indicator_id, cohort_id) as integer) as indicator_cohort_key,
    indicator_id,
    cohort_id,
    cohort_kind,
    months_of_history,
    definition_version,
    measure_kind,
    numerator_measure_id,
    case
        when cohort_kind = 'event_flag' and denominator_kind = 'population' then population_measure_id
        else denominator_measure_id
    end as denominator_measure_id,
    case
        when cohort_kind = 'event_flag' and denominator_kind = 'population' then 'all'
        else cohort_id
    end as denominator_cohort_id,
    denominator_kind,
    events_per_person,
    multiplier,
    unit,
    polarity,
    case when cohort_kind in ('all', 'sex') then standardisation else 'none' end as standardisation,
    limits,
    maturity_lag_days,
    minimum_count,
    status_groups,
    is_headline
from pairs
