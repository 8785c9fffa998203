-- What a wave gave back for what it cost (definitions E22): events avoided at their unit cost, of which all, 0.30 or nothing is realised. It
-- stands on evaluation_effects and is no surer than they are: read the verdict first.
with

exposure as (
    select
        effects.indicator_id,
        effects.cohort_id,
        effects.aggregate_key as wave_id,
        effects.verdict,
        effects.outcome_scale,
        effects.effect,
        effects.effect_lower_95,
        effects.effect_upper_95,
        panel.int_code,
        panel.month,
        panel.numerator,
        panel.denominator
    from {{ ref('evaluation_effects') }} as effects
    inner join {{ ref('evaluation_panel') }} as panel
        on
            effects.indicator_id = panel.indicator_id
            and effects.cohort_id = panel.cohort_id
            and (effects.aggregate_key = panel.wave_id or effects.aggregate_key = 'overall')
            and panel.months_since_go_live between 0 and effects.months_after - 1
    where effects.aggregation = 'wave' and panel.is_used
),

waves as (
    select
        exposure.indicator_id,
        exposure.cohort_id,
        exposure.wave_id,
        exposure.verdict,
        exposure.outcome_scale,
        exposure.effect,
        exposure.effect_lower_95,
        exposure.effect_upper_95,
        catalogue.multiplier,
        cast(count(distinct exposure.month) as integer) as months,
        cast(sum(cast(exposure.numerator as decimal(38, 6))) as double) as events,
        cast(sum(cast(exposure.denominator as decimal(38, 6))) as double) as people_months,
        -- a month of which the cost is not known makes the cost of all unknown
        case when count(programme.cost_gbp) = count(*) then cast(sum(programme.cost_gbp) as decimal(18, 2)) end as cost_gbp
    from exposure
    inner join {{ ref('indicator_catalogue') }} as catalogue on exposure.indicator_id = catalogue.indicator_id
    left join {{ ref('team_programme_months') }} as programme
        on exposure.int_code = programme.int_code and exposure.month = programme.month
    group by all
),

avoided as (
    select
        *
        {% for limit, side in [('', ''), ('_lower_95', '_upper_95'), ('_upper_95', '_lower_95')] -%}
        , case
            when outcome_scale = 'log_rate' then events * (exp(-effect{{ side }}) - 1.0)
            else -effect{{ side }} / multiplier * people_months
        end as events_avoided{{ limit }}
        {% endfor %}
    from waves
),

priced as (
    select
        avoided.*,
        activity.point_of_delivery,
        activity.is_cashable,
        costs.unit_cost_gbp,
        costs.price_year as price_base,
        cast(extract(year from {{ add_months('build.data_cut', -3) }}) as integer)
        - cast(substr(costs.price_year, 1, 4) as integer) > 3 as is_price_base_old,
        cast(avoided.events_avoided * cast(costs.unit_cost_gbp as double) as decimal(18, 2)) as gross_gbp,
        cast(avoided.events_avoided_lower_95 * cast(costs.unit_cost_gbp as double) as decimal(18, 2)) as gross_lower_95_gbp,
        cast(avoided.events_avoided_upper_95 * cast(costs.unit_cost_gbp as double) as decimal(18, 2)) as gross_upper_95_gbp
    from avoided
    inner join {{ ref('avoided_activity') }} as activity on avoided.indicator_id = activity.indicator_id
    inner join {{ ref('unit_costs') }} as costs on activity.point_of_delivery = costs.point_of_delivery
    cross join {{ ref('build') }} as build
),

realised as (
    select
        priced.*,
        shares.realisation,
        cast(priced.gross_gbp * shares.realisation as decimal(18, 2)) as realised_gbp
    from priced
    cross join (
        select cast(1.00 as decimal(3, 2)) as realisation
        union all
        select cast(0.30 as decimal(3, 2)) as realisation
        union all
        select cast(0.00 as decimal(3, 2)) as realisation
    ) as shares
)

select
    wave_id,
    indicator_id,
    cohort_id,
    realisation,
    verdict,
    months,
    events_avoided,
    events_avoided_lower_95,
    events_avoided_upper_95,
    point_of_delivery,
    unit_cost_gbp,
    price_base,
    is_price_base_old,
    is_cashable,
    gross_gbp,
    gross_lower_95_gbp,
    gross_upper_95_gbp,
    realised_gbp,
    cost_gbp,
    cast(realised_gbp - cost_gbp as decimal(18, 2)) as net_gbp,
    cast(realised_gbp as double) / nullif(cast(cost_gbp as double), 0) as benefit_cost_ratio,
    case when realised_gbp > 0 then cast(cost_gbp as double) / cast(realised_gbp as double) * months end as payback_months
from realised
