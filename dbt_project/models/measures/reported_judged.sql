-- Every reported row that was delivered, with the kind of its measure and why it is not used. Of periods of one measure and area where one
-- holds the other the shorter stands: from a year and three of its quarters the fourth could be worked out, small or not. Of several that
-- end in one month the last stands. What ends outside the months of the marts has no team to belong to and no month to stand at.
with

described as (
    select
        delivered.* exclude (area_code),
        case
            when delivered.area_type = 'practice' then coalesce({{ usable_practice_code('delivered.area_code') }}, delivered.area_code)
            else delivered.area_code
        end as area_code,
        {{ month_start('delivered.period_end') }} as month,
        catalogue.measure_kind,
        catalogue.minimum_count,
        {{ reported_removed_by('delivered', 'catalogue', 'scales') }} as removed_by
    from {{ ref('reported_rows') }} as delivered
    left join {{ ref('indicator_catalogue') }} as catalogue
        on delivered.measure_id = catalogue.indicator_id and catalogue.measure_kind like 'reported_%'
    left join {{ ref('reported_scales') }} as scales on delivered.measure_id = scales.indicator_id
),

-- the outer periods of nested ones
outer_periods as (
    select distinct
        wide.feed,
        wide.measure_id,
        wide.area_type,
        wide.area_code,
        wide.period_start,
        wide.period_end
    from described as wide
    inner join described as narrow
        on
            wide.measure_id = narrow.measure_id
            and wide.area_type = narrow.area_type
            and wide.area_code = narrow.area_code
            and wide.period_start <= narrow.period_start
            and wide.period_end >= narrow.period_end
            and (wide.period_start < narrow.period_start or wide.period_end > narrow.period_end)
    where wide.removed_by is null and narrow.removed_by is null
),

ranked as (
    select
        described.*,
        outer_periods.measure_id is not null as holds_another,
        case
            when described.removed_by is null and outer_periods.measure_id is null then row_number() over (
                partition by
                    described.measure_id, described.area_type, described.area_code, described.month,
                    described.removed_by is null and outer_periods.measure_id is null
                order by described.period_end desc, described.period_start desc, described.feed
            )
        end as place_in_month
    from described
    left join outer_periods
        on
            described.feed = outer_periods.feed
            and described.measure_id = outer_periods.measure_id
            and described.area_type = outer_periods.area_type
            and described.area_code = outer_periods.area_code
            and described.period_start = outer_periods.period_start
            and described.period_end = outer_periods.period_end
)

select
    * exclude (removed_by, holds_another, place_in_month),
    case
        when removed_by is not null then removed_by
        when holds_another then 'holds_another_period'
        when place_in_month > 1 then 'another_in_the_month'
        when month not in (select months.month from {{ ref('months') }} as months) then 'outside_the_months'
    end as removed_by
from ranked
