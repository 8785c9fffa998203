-- Reported values of areas above the teams, councils and trusts: lines of context, never a team's figure (definitions E23). Withheld below the
-- measure's number of replies, and with the next smallest of its kind until two areas and that many replies are hidden together; the districts
-- of a county among themselves, because the county is their sum.
with

described as (
    select
        cells.*,
        coalesce(districts.county_code, '') as county_code,
        cast(cells.replies < cells.minimum_count as integer) as is_small
    from {{ ref('reported_cells') }} as cells
    left join {{ ref('council_districts') }} as districts on cells.area_code = districts.district_code
    where cells.area_type in ('{{ context_area_types() | join("', '") }}')
),

ranked as (
    select
        *,
        sum(is_small) over alike as small_ones,
        coalesce(sum(replies) over ahead, 0) as replies_ahead,
        count(*) over ahead as areas_ahead
    from described
    window
        alike as (partition by measure_id, area_type, county_code, month, period_start, period_end),
        ahead as (
            partition by measure_id, area_type, county_code, month, period_start, period_end order by is_small desc, replies, area_code
            rows between unbounded preceding and 1 preceding
        )
),

judged as (
    select
        ranked.*,
        catalogue.definition_version,
        catalogue.multiplier,
        catalogue.limits,
        case
            when ranked.is_withheld then 'withheld_small_numbers'
            when ranked.denominator <= 0 then 'nothing_to_divide_by'
        end as null_reason
    from (select *, {{ is_withheld() }} as is_withheld from ranked) as ranked
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
