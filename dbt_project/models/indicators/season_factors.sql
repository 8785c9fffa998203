-- The shape of the year of each indicator (definitions E15): month-of-year factors, estimated on all teams together (on the ICB where a
-- measure has no teams) from the judged months, per effective day; each phase of an area has a level of its own, and all share a trend.
-- Used (`own_history`) from 24 judged months that hold every month of the year, when the months are jointly significant at 1 %. A seasonal
-- measure without that much history is `not_yet_known`; what shows no season has none.
with

levels as (
    select
        indicator_id,
        case when bool_or(area_type = 'int') then 'int' else 'icb' end as area_type
    from {{ ref('process_months') }}
    where is_judged and numerator is not null
    group by indicator_id
),

cells as (
    select
        months.indicator_id,
        dense_rank() over (partition by months.indicator_id order by months.area_code, months.phase) - 1 as stratum,
        {{ month_number('months.month') }} as month_number,
        months.numerator,
        months.denominator * calendar.calendar_factor as exposure
    from {{ ref('process_months') }} as months
    inner join levels on months.indicator_id = levels.indicator_id and months.area_type = levels.area_type
    inner join {{ ref('calendar_factors') }} as calendar
        on months.indicator_id = calendar.indicator_id and months.month = calendar.month
    where months.is_judged and months.numerator >= 0 and months.denominator > 0
),

fitted as (
    select
        indicator_id,
        count(distinct month_number) as months_judged,
        count(distinct stratum) as series,
        month_of_year_factors(
            list(cast(stratum as bigint) order by stratum, month_number),
            list(cast(month_number as bigint) order by stratum, month_number),
            list(cast(numerator as double) order by stratum, month_number),
            list(cast(exposure as double) order by stratum, month_number)
        ) as fit
    from cells
    group by indicator_id
),

judged as (
    select
        catalogue.indicator_id,
        coalesce(fitted.months_judged, 0) as months_judged,
        coalesce(fitted.series, 0) as series,
        fitted.fit,
        case
            when catalogue.donabedian_type = 'structure' or catalogue.measure_kind <> 'additive' then 'none'
            when fitted.fit is null and catalogue.is_seasonal then 'not_yet_known'
            when fitted.fit.p_value < 0.01 then 'own_history'
            else 'none'
        end as season_basis
    from {{ ref('indicator_catalogue') }} as catalogue
    left join fitted on catalogue.indicator_id = fitted.indicator_id
)

select
    judged.indicator_id,
    cast(months.month_of_year as integer) as month_of_year,
    judged.season_basis,
    case when judged.season_basis = 'own_history' then judged.fit.factors[months.month_of_year] else 1.0 end as season_factor,
    judged.fit.factors[months.month_of_year] as estimated_factor,
    judged.fit.p_value,
    judged.fit.dispersion,
    cast(judged.months_judged as integer) as months_judged,
    cast(judged.series as integer) as series
from judged
cross join (select unnest(range(1, 13)) as month_of_year) as months
