-- Running totals of each series of months, so that the counts of any period are the difference of two rows: events and lists so far, and how
-- many of the months were complete. Each month has the phase of its area (definitions E9): no period may hold two. People counted over 12
-- months have no months to add; `change_comparators` reads theirs as they stand.
with months as (
    select
        figures.indicator_id,
        figures.cohort_id,
        figures.area_type,
        figures.area_code,
        {{ month_number('figures.month') }} as month_number,
        coalesce(phases.phase, 1) as phase,
        figures.value is not null and figures.numerator is not null and figures.period_status <> 'incomplete' as is_complete,
        figures.period_status = 'final' as is_final,
        figures.numerator,
        figures.denominator
    from {{ ref('indicator_figures') }} as figures
    inner join {{ ref('indicator_catalogue') }} as catalogue
        on figures.indicator_id = catalogue.indicator_id and catalogue.measure_kind = 'additive'
    left join {{ ref('process_months') }} as phases
        on
            figures.indicator_id = phases.indicator_id
            and figures.area_type = phases.area_type
            and figures.area_code = phases.area_code
            and figures.month = phases.month
    where figures.boundary = 'marts' and figures.period = 'month'
)

select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    month_number,
    phase,
    is_complete,
    count(*) filter (where is_complete) over series as complete_months,
    count(*) filter (where is_complete and is_final) over series as final_months,
    sum(cast(case when is_complete then numerator else 0 end as decimal(38, 6))) over series as numerator,
    sum(cast(case when is_complete then denominator else 0 end as decimal(38, 6))) over series as denominator
from months
window series as (partition by indicator_id, cohort_id, area_type, area_code order by month_number)
