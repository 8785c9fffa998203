-- Slope and relative index of inequality: the line through the five quintiles' rates, each at the middle of its share of the people ranked
-- from least to most deprived, weighted by people; variances are those of the quintiles' own counts.
with newest as (
    select
        indicator_id,
        area_type,
        area_code,
        max(month) as month
    from {{ ref('indicator_values') }}
    where
        period = 'rolling_12_months' and cohort_id like 'imd%' and value is not null and period_status <> 'incomplete'
    group by indicator_id, area_type, area_code
),

quintiles as (
    select
        figures.indicator_id,
        figures.area_type,
        figures.area_code,
        figures.month,
        figures.period_status,
        figures.multiplier,
        cohorts.imd_quintile,
        figures.numerator,
        figures.denominator,
        figures.numerator / figures.denominator as rate,
        case
            when catalogue.limits = 'none' then null
            when catalogue.limits = 'wilson'
                then figures.numerator * (figures.denominator - figures.numerator) / power(figures.denominator, 3)
            else figures.numerator / power(figures.denominator, 2)
        end as rate_variance,
        sum(cast(figures.denominator as decimal(38, 6))) over (
            partition by figures.indicator_id, figures.area_type, figures.area_code
        ) as all_people,
        -- from least deprived (quintile 5) to most (quintile 1)
        sum(cast(figures.denominator as decimal(38, 6))) over (
            partition by figures.indicator_id, figures.area_type, figures.area_code order by cohorts.imd_quintile desc
        ) as people_up_to
    from newest
    inner join {{ ref('indicator_values') }} as figures
        on
            newest.indicator_id = figures.indicator_id
            and newest.area_type = figures.area_type
            and newest.area_code = figures.area_code
            and newest.month = figures.month
    inner join {{ ref('cohorts') }} as cohorts
        on figures.cohort_id = cohorts.cohort_id and cohorts.kind = 'imd_quintile'
    inner join {{ ref('indicator_catalogue') }} as catalogue on figures.indicator_id = catalogue.indicator_id
    where
        figures.period = 'rolling_12_months'
        and figures.value is not null
        and figures.denominator > 0
        and figures.period_status <> 'incomplete'
),

placed as (
    select
        *,
        cast(denominator as double) / cast(all_people as double) as share,
        (cast(people_up_to as double) - denominator / 2.0) / cast(all_people as double) as place
    from quintiles
),

means as (
    select
        *,
        cast(sum(cast(share * place as decimal(38, 18))) over areas as double) as mean_place,
        cast(sum(cast(share * rate as decimal(38, 18))) over areas as double) as mean_rate,
        count(*) over areas as quintiles_present
    from placed
    window areas as (partition by indicator_id, area_type, area_code)
),

lines as (
    select
        indicator_id,
        area_type,
        area_code,
        month,
        max(period_status) as period_status,  -- provisional where any fifth is
        max(multiplier) as multiplier,
        max(mean_rate) as mean_rate,
        max(mean_place) as mean_place,
        {{ exact_sum('share * (place - mean_place) * rate') }} / {{ exact_sum('share * power(place - mean_place, 2)') }} as slope,
        {{ exact_sum('power(share * (place - mean_place), 2) * rate_variance') }}
        / power({{ exact_sum('share * power(place - mean_place, 2)') }}, 2) as slope_variance,
        {{ exact_sum('power(share, 2) * rate_variance') }} as mean_variance,
        {{ exact_sum('power(share, 2) * (place - mean_place) * rate_variance') }}
        / {{ exact_sum('share * power(place - mean_place, 2)') }} as covariance
    from means
    where quintiles_present = 5
    group by indicator_id, area_type, area_code, month
),

ends as (
    select
        *,
        mean_rate - slope * mean_place as least_deprived,
        mean_rate + slope * (1 - mean_place) as most_deprived,
        mean_variance + power(mean_place, 2) * slope_variance - 2 * mean_place * covariance as least_variance,
        mean_variance + power(1 - mean_place, 2) * slope_variance + 2 * (1 - mean_place) * covariance as most_variance,
        mean_variance - mean_place * (1 - mean_place) * slope_variance + (1 - 2 * mean_place) * covariance as ends_covariance
    from lines
),

indices as (
    select
        *,
        most_deprived / least_deprived as relative_index,
        -- greatest() passes over nulls: where the rate has no variance, the index has no limits
        case
            when slope_variance is not null then sqrt(greatest(
                0.0,
                most_variance / power(most_deprived, 2) + least_variance / power(least_deprived, 2)
                - 2 * ends_covariance / (most_deprived * least_deprived)
            ))
        end as log_error
    from ends
    where least_deprived > 0 and most_deprived > 0
)

select
    ends.indicator_id,
    'all' as cohort_id,
    ends.area_type,
    ends.area_code,
    ends.month,
    'rolling_12_months' as period,
    ends.slope * ends.multiplier as slope_index,
    (ends.slope - cast({{ z_95() }} as double) * sqrt(ends.slope_variance)) * ends.multiplier as slope_index_lower_95,
    (ends.slope + cast({{ z_95() }} as double) * sqrt(ends.slope_variance)) * ends.multiplier as slope_index_upper_95,
    indices.relative_index,
    indices.relative_index * exp(-cast({{ z_95() }} as double) * indices.log_error) as relative_index_lower_95,
    indices.relative_index * exp(cast({{ z_95() }} as double) * indices.log_error) as relative_index_upper_95,
    ends.period_status
from ends
left join indices
    on ends.indicator_id = indices.indicator_id and ends.area_type = indices.area_type and ends.area_code = indices.area_code
