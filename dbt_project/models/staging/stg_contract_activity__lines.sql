-- FINANCIAL YEAR 202627 month 1 is April 2026; month 13 carries the year's late corrections and belongs to month 12 (definitions C6)
with lines as (
    select
        *,
        cast(floor(financial_year / 100) as integer) as year_start,
        case when financial_month > 12 then 12 else financial_month end as year_month
    from {{ source('live', 'contract_activity') }}
)

select
    provider_code,
    commissioner_code,
    financial_year,
    financial_month,
    {{ date_of_parts(
        'year_start + case when year_month > 9 then 1 else 0 end',
        'case when year_month > 9 then year_month - 9 else year_month + 3 end'
    ) }} as month,
    {{ usable_practice_code('practice_code') }} as practice_code,
    upper(trim(point_of_delivery_code)) as point_of_delivery,
    point_of_delivery_description,
    treatment_function_code,
    tariff_code,
    hospital_spell_id,
    person_id,
    age_years,
    sex,
    activity,
    price_gbp,
    created_timestamp
from lines
