-- a register against the list of its own ages (17+ for diabetes); practices that no longer exist count in their own year
select
    concat('qof_', lower(group_code), '_prevalence_pct') as measure_id,
    'practice' as area_type,
    practice_code as area_code,
    cast(null as varchar) as area_name,
    make_date(cast(left(financial_year, 4) as integer), 4, 1) as period_start,
    year_end as period_end,
    cast(register_patients as decimal(28, 6)) as numerator,
    cast(list_patients as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ source('live', 'qof_prevalence') }}
where year_end is not null
