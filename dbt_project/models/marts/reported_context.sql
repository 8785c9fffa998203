-- Reported values of areas above the teams, councils and trusts: lines of context, never a team's figure (definitions E23). Withheld below the
-- measure's number of replies, and with the next smallest of its kind where one stands alone.
with

ranked as (
    select
        *,
        sum(cast(replies < minimum_count as integer)) over alike as small_ones,
        row_number() over (
            partition by measure_id, area_type, month order by replies, area_code
        ) as place
    from {{ ref('reported_cells') }}
    where area_type in ('{{ context_area_types() | join("', '") }}')
    window alike as (partition by measure_id, area_type, month)
),

judged as (
    select
        ranked.*,
        catalogue.definition_version,
        catalogue.multiplier,
        catalogue.limits,
        case
            when ranked.minimum_count > 0 and ranked.replies < ranked.minimum_count then 'withheld_small_numbers'
            when ranked.minimum_count > 0 and ranked.small_ones = 1 and ranked.place = 2 then 'withheld_small_numbers'
            when ranked.denominator <= 0 then 'nothing_to_divide_by'
        end as null_reason
    from ranked
    inner join {{ ref('indicator_catalogue') }} as catalogue on ranked.measure_id = catalogue.indicator_id
    inner join {{ ref('months') }} as months on ranked.month = months.month
)

select
    judged.measure_id as indicator_id,
    judged.area_type,
    judged.area_code,
    judged.area_name,
    judged.month,
    judged.period_start,
    judged.period_end,
    judged.definition_version,
    case when judged.null_reason is null then cast(judged.numerator as double) end as numerator,
    case when judged.null_reason is null then cast(judged.denominator as double) end as denominator,
    judged.multiplier,
    case
        when judged.null_reason is null then cast(judged.numerator as double) / cast(judged.denominator as double) * judged.multiplier
    end as value,
    case
        when judged.null_reason is null
            then {{ reported_limit_95('measure_kind', 'limits', 'numerator', 'denominator', 'squares', 'multiplier', 'lower') }}
    end as value_lower_95,
    case
        when judged.null_reason is null
            then {{ reported_limit_95('measure_kind', 'limits', 'numerator', 'denominator', 'squares', 'multiplier', 'upper') }}
    end as value_upper_95,
    targets.baseline_value,
    targets.target_value,
    targets.target_month,
    judged.null_reason
from judged
left join {{ ref('indicator_targets') }} as targets
    on
        judged.measure_id = targets.indicator_id
        and judged.area_type = targets.area_type
        and judged.area_code = targets.area_code
