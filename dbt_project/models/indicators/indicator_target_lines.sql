-- Baselines and targets per area (seed indicator_targets), on the boundaries of the data cut. A baseline is the area's own figure over the
-- dated baseline months unless the seed gives one; a relative target is that baseline changed by so many percent. The trajectory is the
-- straight line from the end of the baseline to the month of the target. Where a measure's recording changed, a target that rests on what
-- was recorded before has no line (definitions E9): the months of another phase are not held against it.
with

wanted as (
    select
        targets.*,
        areas.area_type as target_area_type,
        areas.area_code as target_area_code
    from {{ ref('indicator_targets') }} as targets
    inner join (
        select distinct
            area_type,
            area_code
        from {{ ref('indicator_areas') }}
        where boundary = 'marts'
    ) as areas
        on
            (targets.area_type is null or targets.area_type = areas.area_type)
            and (targets.area_code is null or targets.area_code = areas.area_code)
),

-- of several targets the one that names the area most closely stands
closest as (
    select *
    from wanted
    qualify row_number() over (
        partition by indicator_id, cohort_id, target_area_type, target_area_code
        order by (area_code is not null) desc, (area_type is not null) desc, target_id
    ) = 1
),

measured as (
    select
        closest.target_id,
        closest.target_area_type,
        closest.target_area_code,
        count(figures.value) as months_known,
        {{ months_between('closest.baseline_from', 'closest.baseline_to') }} + 1 as months_asked,
        cast(sum(cast(figures.numerator as decimal(18, 2))) as double) as numerator,
        case
            when bool_or(cohorts.denominator_kind = 'population')
                then cast(sum(cast(figures.denominator as decimal(18, 2))) as double) / count(*)
            else cast(sum(cast(figures.denominator as decimal(18, 2))) as double)
        end as denominator,
        bool_or(cohorts.denominator_kind = 'population') as is_per_head,
        max(figures.multiplier) as multiplier
    from closest
    inner join {{ ref('indicator_figures') }} as figures
        on
            closest.indicator_id = figures.indicator_id
            and closest.cohort_id = figures.cohort_id
            and closest.target_area_type = figures.area_type
            and closest.target_area_code = figures.area_code
            and figures.boundary = 'marts'
            and figures.period = 'month'
            and figures.month between closest.baseline_from and closest.baseline_to
    inner join {{ ref('indicator_cohorts') }} as cohorts
        on closest.indicator_id = cohorts.indicator_id and closest.cohort_id = cohorts.cohort_id
    where closest.baseline_value is null and closest.baseline_from is not null
    group by
        closest.target_id, closest.target_area_type, closest.target_area_code, closest.baseline_from, closest.baseline_to
),

-- monthly figures are per month: a baseline of a year's events per head is a twelfth of it a month
baselines as (
    select
        closest.indicator_id,
        closest.cohort_id,
        closest.target_area_type as area_type,
        closest.target_area_code as area_code,
        periods.period,
        closest.baseline_from,
        closest.baseline_to,
        closest.target_month,
        closest.target_value,
        closest.target_change_pct,
        coalesce(
            closest.baseline_value,
            case
                when measured.months_known = measured.months_asked and measured.denominator > 0
                    then
                        measured.numerator / measured.denominator * measured.multiplier
                        / case
                            when measured.is_per_head and periods.period = 'month' then measured.months_asked
                            when measured.is_per_head then measured.months_asked / 12.0
                            else 1
                        end
            end
        ) as baseline_value
    from closest
    cross join (values ('month'), ('rolling_12_months')) as periods (period)
    left join measured
        on
            closest.target_id = measured.target_id
            and closest.target_area_type = measured.target_area_type
            and closest.target_area_code = measured.target_area_code
),

targets as (
    select
        *,
        coalesce(target_value, baseline_value * (1 + target_change_pct / 100.0)) as final_target_value
    from baselines
)

select
    targets.indicator_id,
    targets.cohort_id,
    targets.area_type,
    targets.area_code,
    targets.period,
    months.month,
    targets.target_month,
    targets.baseline_value,
    targets.final_target_value as target_value,
    case
        when targets.baseline_value is null or targets.baseline_to is null or months.month >= targets.target_month
            then targets.final_target_value
        when months.month <= targets.baseline_to then targets.baseline_value
        else
            targets.baseline_value
            + (targets.final_target_value - targets.baseline_value)
            * {{ months_between('targets.baseline_to', 'months.month') }}
            / {{ months_between('targets.baseline_to', 'targets.target_month') }}
    end as trajectory_value
from targets
cross join {{ ref('months') }} as months
{% for name, month in {'now': 'months.month', 'base_end': 'targets.baseline_to', 'base_start': 'targets.baseline_from'}.items() -%}
left join {{ ref('process_months') }} as {{ name }}
    on
        targets.indicator_id = {{ name }}.indicator_id
        and targets.area_type = {{ name }}.area_type
        and targets.area_code = {{ name }}.area_code
        and {{ month }} = {{ name }}.month
{% endfor -%}
where
    (targets.baseline_value is not null or targets.final_target_value is not null)
    and coalesce(now.phase = base_end.phase and now.phase = coalesce(base_start.phase, base_end.phase), true)
