-- What people with several events add to the variance of a standardised rate (definitions C10, C14): per area, period and age band,
-- Σk(k − 1), so that Σk² = events + this; k = events of one person in that area, band and period, whatever sex the records give
-- (definitions E17). Sex `all` is of everybody; where a cohort is a sex, that sex alone has its own k as well.
with

standardised as (
    select
        measures.person_measure_key,
        measures.measure_id,
        bool_or(cohorts.cohort_kind = 'sex') as is_by_sex
    from {{ ref('indicator_cohorts') }} as cohorts
    inner join {{ ref('person_measures') }} as measures
        on cohorts.numerator_measure_id = measures.measure_id and measures.cohort_id = 'all'
    where cohorts.standardisation = 'direct_esp2013'
    group by measures.person_measure_key, measures.measure_id
),

of_a_sex as (
    select person_measure_key
    from standardised
    where is_by_sex
),

sums as (
    {% for sex, keys, counted in [("'all' as sex,", ['age_band'], 'standardised'), ('', ['age_band', 'sex'], 'of_a_sex')] -%}
    select
        'month' as period,
        {{ sex }}
        *
    from (
        {{ person_month_sums(counted, keys, '{k} * ({k} - 1)') | indent(8) }}
    ) as month_sums
    union all by name
    select
        'rolling_12_months' as period,
        {{ sex }}
        *
    from (
        {{ person_step_sums(counted, keys, '{k} * ({k} - 1)', 12) | indent(8) }}
    ) as rolling_12_months_sums
    {{ 'union all by name' if not loop.last }}
    {% endfor %}
)

select
    sums.area_key,
    sums.month_number,
    sums.period,
    standardised.measure_id,
    sums.sex,
    sums.age_band,
    sums.total
from sums
inner join standardised on sums.person_measure_key = standardised.person_measure_key
