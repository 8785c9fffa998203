-- Patients who are fit to leave and have not left, of the days that were reported: a trust that sent no day is no trust without such patients
-- (99 days of one trust in 2024-25 stand as nothing in one edition and as 0 in another).
with days as (
    select
        {{ nhs_area_type('area_level') }} as area_type,
        area_code,
        {{ month_start('day') }} as month,
        day,
        max(area_name) as area_name,
        {{ agreed('value', "lower(metric) = 'number of patients who no longer meet the criteria to reside'") }} as fit_to_leave,
        {{ agreed(
            'value', "lower(metric) = 'number of patients remaining in hospital who no longer meet the criteria to reside'"
        ) }} as remaining
    from {{ source('live', 'acute_discharge') }}
    where day is not null
    group by area_level, area_code, day
)

select
    'fit_to_leave_patients_per_day' as measure_id,
    area_type,
    area_code,
    max(area_name) as area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(sum(cast(fit_to_leave as decimal(28, 6))) as decimal(28, 6)) as numerator,
    cast(count(fit_to_leave) as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from days
where area_type is not null and fit_to_leave is not null
group by area_type, area_code, month
union all
select
    'fit_to_leave_remaining_pct' as measure_id,
    area_type,
    area_code,
    max(area_name) as area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(sum(cast(remaining as decimal(28, 6))) as decimal(28, 6)) as numerator,
    cast(sum(cast(fit_to_leave as decimal(28, 6))) as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from days
where area_type is not null and fit_to_leave is not null and remaining is not null
group by area_type, area_code, month
