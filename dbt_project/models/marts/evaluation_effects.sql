-- Group-time effects of a staggered go-live and their verdicts (definitions E21); the estimator is orchestration/build/evaluation,
-- reached as the function evaluate_panel. An effect is a difference to teams not yet live, never a cause.
with

used as (
    select
        panel.*,
        catalogue.expected_after_months,
        panel.numerator / panel.denominator * catalogue.multiplier as value
    from {{ ref('evaluation_panel') }} as panel
    inner join {{ ref('indicator_catalogue') }} as catalogue on panel.indicator_id = catalogue.indicator_id
    where panel.is_used
),

-- where a count can be nought its logarithm cannot be taken: fewer than five in any team's month
outcomes as (
    select
        indicator_id,
        cohort_id,
        case when min(numerator) < 5 then 'as_is' else 'log_rate' end as outcome_scale,
        avg(cast(value as decimal(28, 8))) filter (where months_since_go_live between -12 and -1) as base_value
    from used
    group by indicator_id, cohort_id
),

scaled as (
    select
        used.*,
        outcomes.outcome_scale,
        cast(outcomes.base_value as double) as base_value,
        case when outcomes.outcome_scale = 'log_rate' then ln(used.value) else used.value end as outcome,
        -- a quarter less, which no programme of this kind has done: what could see only more could see nothing
        case
            when outcomes.outcome_scale = 'log_rate' then -ln(0.75) else 0.25 * cast(outcomes.base_value as double)
        end as largest_plausible
    from used
    inner join outcomes on used.indicator_id = outcomes.indicator_id and used.cohort_id = outcomes.cohort_id
),

panels as (
    select
        indicator_id,
        cohort_id,
        outcome_scale,
        base_value,
        evaluate_panel(
            list(int_code order by int_code, month),
            list(month order by int_code, month),
            list(go_live_month order by int_code, month),
            list(outcome order by int_code, month),
            list(cast(registered_population as double) order by int_code, month),
            list(hcp_code order by int_code, month),
            cast(max(expected_after_months) as integer),
            max(largest_plausible)
        ) as effects
    from scaled
    group by indicator_id, cohort_id, outcome_scale, base_value
),

effects as (
    select
        indicator_id,
        cohort_id,
        outcome_scale,
        base_value,
        unnest(effects, recursive := true)
    from panels
),

-- a row that was registered after the go-live it is about binds nobody; over all waves those speak that were there in time
registered as (
    select
        indicator_id,
        cohort_id,
        wave_id,
        role,
        case when is_registered_before_go_live then role end as binding_role,
        expected_direction,
        not is_registered_before_go_live as is_late
    from {{ ref('evaluation_plan') }}
    union all
    select
        indicator_id,
        cohort_id,
        'overall' as wave_id,
        min_by(role, case role when 'primary' then 1 when 'balancing' then 2 else 3 end) as role,
        min_by(role, case role when 'primary' then 1 when 'balancing' then 2 else 3 end)
        filter (where is_registered_before_go_live) as binding_role,
        case when count(distinct expected_direction) = 1 then min(expected_direction) end as expected_direction,
        bool_or(not is_registered_before_go_live) as is_late
    from {{ ref('evaluation_plan') }}
    group by indicator_id, cohort_id
)

select
    effects.indicator_id,
    effects.cohort_id,
    effects.aggregation,
    effects.aggregate_key,
    effects.outcome_scale,
    effects.effect,
    effects.lower_95 as effect_lower_95,
    effects.upper_95 as effect_upper_95,
    {% for name in ['effect', 'lower_95', 'upper_95', 'leave_one_out_low', 'leave_one_out_high'] -%}
    case
        when effects.outcome_scale = 'log_rate' then 100.0 * (exp(effects.{{ name }}) - 1.0)
        else 100.0 * effects.{{ name }} / nullif(effects.base_value, 0)
    end as {{ {'effect': 'effect_pct', 'lower_95': 'effect_pct_lower_95', 'upper_95': 'effect_pct_upper_95'}.get(name, name ~ '_pct') }},
    {% endfor -%}
    effects.standard_error,
    effects.permutation_p,
    effects.same_start_p,
    effects.smallest_possible_p,
    effects.teams_treated,
    effects.teams_control,
    effects.months_before,
    effects.months_after,
    effects.pre_trend_p,
    effects.detectable_effect,
    case
        when effects.outcome_scale = 'log_rate' then 100.0 * (1.0 - exp(-effects.detectable_effect))
        else 100.0 * effects.detectable_effect / nullif(effects.base_value, 0)
    end as detectable_effect_pct,
    effects.leave_one_out_low,
    effects.leave_one_out_high,
    coalesce(registered.binding_role, 'exploratory') as role,
    registered.role as registered_role,
    registered.expected_direction,
    coalesce(registered.is_late, false) as is_registered_late,
    effects.verdict
from effects
left join registered
    on
        effects.indicator_id = registered.indicator_id
        and effects.cohort_id = registered.cohort_id
        and registered.wave_id = case when effects.aggregation = 'wave' then effects.aggregate_key else 'overall' end
