-- a county is the sum of its districts, where all of them have reported
with councils as (
    select
        month,
        area_code,
        max(area_name) as area_name,
        cast(sum(households_owed_a_duty) as decimal(28, 6)) as numerator,
        cast(sum(cast(households_thousands as decimal(28, 6))) * 1000 as decimal(28, 6)) as denominator
    from {{ source('live', 'homelessness_duty') }}
    where month is not null
    group by month, area_code
),

counties as (
    select
        councils.month,
        districts.county_code as area_code,
        max(districts.county_name) as area_name,
        cast(sum(councils.numerator) as decimal(28, 6)) as numerator,
        cast(sum(councils.denominator) as decimal(28, 6)) as denominator
    from {{ ref('council_districts') }} as districts
    inner join councils on districts.district_code = councils.area_code
    group by councils.month, districts.county_code
    having
        count(councils.numerator + councils.denominator) = (
            select count(*)
            from {{ ref('council_districts') }} as others
            where others.county_code = districts.county_code
        )
)

select
    'homelessness_duty_per_1000_households' as measure_id,
    case when area_code like 'E92%' then 'england' when area_code like 'E12%' then 'region' else 'council' end as area_type,
    area_code,
    area_name,
    {{ add_months('month', -2) }} as period_start,
    {{ month_end('month') }} as period_end,
    numerator,
    denominator,
    {{ no_answers() }}
from (
    select * from councils
    union all
    select * from counties
    where area_code not in (select reported.area_code from councils as reported)
) as reported
