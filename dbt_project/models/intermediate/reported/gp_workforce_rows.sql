-- GPs of a practice against the people on its list of that month, in the shape of reported measures; a practice without a list has nothing
-- to be divided by, and is named as such where reported rows are judged.
{{ config(materialized='view') }}

select
    'gp_fte_per_10000' as measure_id,
    'practice' as area_type,
    staff.practice_code as area_code,
    cast(null as varchar) as area_name,
    staff.month as period_start,
    {{ month_end('staff.month') }} as period_end,
    staff.gp_fte as numerator,
    cast(lists.patients as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ ref('stg_gp_workforce__practices') }} as staff
left join (
    select
        month,
        practice_code,
        sum(registered_population) as patients
    from {{ ref('registered_population') }}
    group by month, practice_code
) as lists on staff.practice_code = lists.practice_code and staff.month = lists.month
