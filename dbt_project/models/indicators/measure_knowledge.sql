{{ config(materialized='view') }}

-- What is known of each indicator and cohort in each area, month and period (definitions E1-E4): `null_reason` where it cannot be stated,
-- else how settled it is. Every figure joins this, and nothing else decides it. `standardised_null_reason`: the same of its rate by age. `is_left_out`: the
-- area lacks something that others do not, so that it is in nobody's comparator.
select
    known.indicator_cohort_key,
    areas.area_key,
    areas.month_number,
    known.period,
    case
        when gaps.is_incomplete then 'incomplete'
        else known.period_status
    end as period_status,
    {{ reason_of_rank(
        "least(known.reason_rank, gaps.reason_rank, case when known.is_icb_only and areas.area_type <> 'icb' then "
        ~ reason_rank('published_for_icb_only') ~ " end)"
    ) }} as null_reason,
    {{ reason_of_rank("least(known.standardised_reason_rank, gaps.standardised_reason_rank)") }} as standardised_null_reason,
    coalesce(gaps.is_incomplete or gaps.reason_rank is not null, false) as is_left_out
from {{ ref('cohort_months') }} as known
inner join {{ ref('indicator_cohorts') }} as cohorts on known.indicator_cohort_key = cohorts.indicator_cohort_key
inner join {{ ref('indicator_areas') }} as areas
    on known.month_number = areas.month_number and (cohorts.cohort_id = 'all' or areas.has_cohorts)
left join {{ ref('area_cohort_gaps') }} as gaps
    on
        known.indicator_cohort_key = gaps.indicator_cohort_key
        and areas.area_key = gaps.area_key
        and known.month_number = gaps.month_number
        and known.period = gaps.period
