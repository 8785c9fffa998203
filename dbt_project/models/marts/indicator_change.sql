-- Changes by definitions E16. Fewer than 3 months are counted and not compared (`too_early`).
{% set comparators = {'comparator': 'rest_of_icb', 'rest_of_hcp': 'rest_of_hcp', 'teams_not_live': 'teams_not_live'} -%}
with counted as (
    select
        changes.*,
        catalogue.multiplier,
        catalogue.limits,
        case
            when changes.months >= 3
                then (changes.numerator / changes.denominator) / (changes.base_numerator / changes.base_denominator)
        end as ratio,
        -- what the baseline's rate would have given among the people of now
        changes.base_numerator / changes.base_denominator * changes.denominator as expected,
        coalesce(dispersions.dispersion, 1.0) as dispersion,
        coalesce(dispersions.dispersion, 1.0) * {{ log_ratio_variance(
            'changes.numerator', 'changes.base_numerator', 'changes.denominator', 'changes.base_denominator', 'catalogue.limits'
        ) }} as log_variance
    from {{ ref('change_comparators') }} as changes
    inner join {{ ref('indicator_catalogue') }} as catalogue on changes.indicator_id = catalogue.indicator_id
    left join {{ ref('change_dispersion') }} as dispersions
        on
            changes.indicator_id = dispersions.indicator_id
            and changes.area_type = dispersions.area_type
            and changes.area_code = dispersions.area_code
    where changes.base_numerator > 0 and changes.base_denominator > 0 and changes.denominator > 0
),

limited as (
    select
        *,
        ratio * exp(-cast({{ z_95() }} as double) * sqrt(log_variance)) as ratio_lower,
        ratio * exp(cast({{ z_95() }} as double) * sqrt(log_variance)) as ratio_upper
    from counted
),

own as (
    select *
    from limited
    where comparator = 'own'
)

{% for name, comparator in comparators.items() -%}
, {{ name }}_changes as (
    select *
    from limited
    where comparator = '{{ comparator }}'
)

{% endfor -%}
select
    own.indicator_id,
    own.cohort_id,
    own.area_type,
    own.area_code,
    own.baseline_kind,
    concat(
        strftime({{ add_months("cast('2000-01-01' as date)", 'own.baseline_from') }}, '%Y-%m'), ' to ',
        strftime({{ add_months("cast('2000-01-01' as date)", 'own.baseline_to') }}, '%Y-%m')
    ) as baseline_period,
    concat(
        strftime({{ add_months("cast('2000-01-01' as date)", 'own.current_from') }}, '%Y-%m'), ' to ',
        strftime({{ add_months("cast('2000-01-01' as date)", 'own.current_to') }}, '%Y-%m')
    ) as current_period,
    cast(own.months as integer) as months,
    own.base_numerator / own.base_denominator * own.multiplier as baseline_value,
    own.numerator / own.denominator * own.multiplier as current_value,
    own.base_numerator as baseline_numerator,
    own.numerator as current_numerator,
    case
        when own.months < 3 then 'too_early'
        when own.ratio is null or own.log_variance is null then 'no_limits'
        when own.ratio_upper < 1 then 'lower'
        when own.ratio_lower > 1 then 'higher'
        else 'within_chance'
    end as verdict,
    {{ change_pct('own.ratio') }} as change_pct,
    {{ change_pct_limit('own.ratio', 'own.log_variance', '-') }} as change_pct_lower_95,
    {{ change_pct_limit('own.ratio', 'own.log_variance', '+') }} as change_pct_upper_95
    {% for name, comparator in comparators.items() -%}
    , {{ change_pct(name ~ '_changes.ratio') }} as {{ name }}_change_pct,
    {{ change_pct_limit(name ~ '_changes.ratio', name ~ '_changes.log_variance', '-') }} as {{ name }}_change_pct_lower_95,
    {{ change_pct_limit(name ~ '_changes.ratio', name ~ '_changes.log_variance', '+') }} as {{ name }}_change_pct_upper_95
    {% endfor -%}
    , 100.0 * (own.ratio - comparator_changes.ratio) as difference_pct_points,
    100.0 * (own.ratio - comparator_changes.ratio - spreads.below) as difference_pct_points_lower_95,
    100.0 * (own.ratio - comparator_changes.ratio + spreads.above) as difference_pct_points_upper_95,
    own.expected * (own.ratio - 1.0) / periods.days as change_per_day,
    own.expected * (own.ratio_lower - 1.0) / periods.days as change_per_day_lower_95,
    own.expected * (own.ratio_upper - 1.0) / periods.days as change_per_day_upper_95,
    own.expected * (own.ratio - comparator_changes.ratio) / periods.days as difference_per_day,
    own.expected * (own.ratio - comparator_changes.ratio - spreads.below) / periods.days as difference_per_day_lower_95,
    own.expected * (own.ratio - comparator_changes.ratio + spreads.above) / periods.days as difference_per_day_upper_95,
    own.dispersion,
    case when own.is_final then 'final' else 'provisional' end as period_status
from own
cross join
    lateral (
        select {{ days_between(
        add_months("cast('2000-01-01' as date)", 'own.current_from'), add_months("cast('2000-01-01' as date)", 'own.current_to + 1')
    ) }} as days
    ) as periods
{% for name in comparators -%}
left join {{ name }}_changes
    on
        own.indicator_id = {{ name }}_changes.indicator_id
        and own.cohort_id = {{ name }}_changes.cohort_id
        and own.area_type = {{ name }}_changes.area_type
        and own.area_code = {{ name }}_changes.area_code
        and own.baseline_kind = {{ name }}_changes.baseline_kind
        and own.baseline_from = {{ name }}_changes.baseline_from
        and own.current_to = {{ name }}_changes.current_to
{% endfor %}
-- limits of a difference from the limits of its two sides (Zou and Donner's MOVER): where a few events make a side's lopsided, the
-- difference's are, too, and it is not called more than chance where the side itself may be chance
cross join
    lateral (
        select
            sqrt(power(own.ratio - own.ratio_lower, 2) + power(comparator_changes.ratio_upper - comparator_changes.ratio, 2)) as below,
            sqrt(power(own.ratio_upper - own.ratio, 2) + power(comparator_changes.ratio - comparator_changes.ratio_lower, 2)) as above
    ) as spreads
