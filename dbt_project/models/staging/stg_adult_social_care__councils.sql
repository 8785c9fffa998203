-- two outcomes by council, numerator and denominator in rows of their own; in 2023/24 the same two have other codes, which
-- before were other measures'; from 2024/25 they are worked out from client-level data and are other measures
select
    case
        when measure_code in ('2B1', '2D', '2D1') then 'reablement_at_home_pct' else 'care_home_admissions_65_plus_per_100000'
    end as measure_id,
    case
        when area_code like 'E92%' then 'england'
        when area_code like 'E12%' then 'region'
        else 'council'
    end as area_type,
    area_code,
    min(area_name) as area_name,
    make_date(cast(left(financial_year, 4) as integer), 4, 1) as period_start,
    year_end as period_end,
    cast({{ agreed('value', "lower(measure_type) = 'numerator'") }} as decimal(28, 6)) as numerator,
    cast({{ agreed('value', "lower(measure_type) = 'denominator'") }} as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ source('live', 'adult_social_care') }}
where
    year_end is not null and area_code is not null and lower(disaggregation) = 'total'
    and case
        when cast(left(financial_year, 4) as integer) <= 2022 then measure_code in ('2A2', '2B1')
        when cast(left(financial_year, 4) as integer) = 2023 then measure_code in ('2C', '2D', '2D1')
    end
group by measure_code, area_code, financial_year, year_end
