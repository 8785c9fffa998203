-- Reported measures as figures like any other: value, limits, or the reason why there is none. `period` is `reported`, and the month that
-- in which the reported period ends. What is withheld leaves nothing of its own behind: no count, no reply, no limit.
with

judged as (
    select
        cells.*,
        catalogue.definition_version,
        catalogue.multiplier,
        catalogue.measure_kind,
        catalogue.limits,
        case
            when not cells.is_complete then 'incomplete'
            when feed_months.is_final then 'final'
            else 'provisional'
        end as period_status,
        case
            when not cells.is_delivered and bool_and(cells.area_type = 'icb' or not cells.is_delivered) over of_measure
                then 'published_for_icb_only'
            when not cells.is_delivered then 'not_delivered'
            when withheld.measure_id is not null then 'withheld_small_numbers'
            when not cells.is_one_period then 'periods_differ'
            when cells.is_less_than_its_parts then 'less_than_its_parts'
            when coalesce(cells.denominator, 0) <= 0 then 'nothing_to_divide_by'
        end as null_reason
    from {{ ref('reported_area_cells') }} as cells
    inner join {{ ref('indicator_catalogue') }} as catalogue on cells.measure_id = catalogue.indicator_id
    left join {{ ref('reported_withheld') }} as withheld
        on
            cells.measure_id = withheld.measure_id
            and cells.month = withheld.month
            and cells.area_type = withheld.area_type
            and cells.area_code = withheld.area_code
    -- the status group of a reported measure is its feed
    left join {{ ref('feed_months') }} as feed_months
        on catalogue.status_groups = feed_months.feed and cells.month = feed_months.month
    window of_measure as (partition by cells.measure_id, cells.month, cells.boundary)
),

valued as (
    select
        *,
        case when null_reason is null then cast(numerator as double) end as shown_numerator,
        case when null_reason is null then cast(denominator as double) end as shown_denominator,
        case when null_reason is null then cast(numerator as double) / cast(denominator as double) * multiplier end as value,
        case
            when null_reason is null
                then {{ reported_limit_95('measure_kind', 'limits', 'numerator', 'denominator', 'squares', 'multiplier', 'lower') }}
        end as value_lower_95,
        case
            when null_reason is null
                then {{ reported_limit_95('measure_kind', 'limits', 'numerator', 'denominator', 'squares', 'multiplier', 'upper') }}
        end as value_upper_95
    from judged
)

select
    valued.measure_id as indicator_id,
    'all' as cohort_id,
    valued.boundary,
    valued.area_type,
    valued.area_code,
    valued.month,
    'reported' as period,
    valued.period_start,
    valued.period_end,
    valued.definition_version,
    valued.shown_numerator as numerator,
    valued.shown_denominator as denominator,
    valued.multiplier,
    valued.value,
    valued.value_lower_95,
    valued.value_upper_95,
    case
        when valued.value_lower_95 is null then 'none'
        when valued.limits = 'poisson' and valued.numerator < 10 then 'exact_poisson'
        when valued.limits = 'poisson' then 'byar'
        else valued.limits
    end as limit_method,
    'none' as standardisation,
    case
        when
            valued.value is not null and valued.area_type <> 'icb' and icb.shown_denominator > valued.denominator
            -- of one period, and a part of it: a net promoter score alone may be below nothing
            and icb.period_start = valued.period_start and icb.period_end = valued.period_end
            and (
                valued.measure_kind = 'reported_net_promoter'
                or icb.shown_numerator - valued.shown_numerator between 0
                and case when valued.measure_kind = 'reported_proportion' then icb.shown_denominator - valued.shown_denominator else icb.shown_numerator end
            )
            then
                (icb.shown_numerator - valued.shown_numerator) / (icb.shown_denominator - valued.shown_denominator)
                * valued.multiplier
    end as comparator_value,
    case when valued.null_reason is null then cast(valued.replies as double) end as replies,
    case
        when valued.null_reason is null and valued.invited > 0
            then 100.0 * cast(valued.replies_of_invited as double) / cast(valued.invited as double)
    end as response_pct,
    -- one whole calendar month, which is what a process chart is made of
    valued.period_start = valued.month and valued.period_end = {{ month_end('valued.month') }} as is_monthly,
    case when valued.value is null then 'incomplete' else valued.period_status end as period_status,
    valued.null_reason
from valued
left join valued as icb
    on
        valued.measure_id = icb.measure_id
        and valued.boundary = icb.boundary
        and valued.month = icb.month
        and icb.area_type = 'icb'
