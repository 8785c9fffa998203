-- Constant prices: each line's pounds times the deflator of 2024/25 over that of its price year.
{{ additive_measures(
    events="(
        select
            lines.month as event_month,
            lines.practice_code,
            cast(null as varchar) as sex,
            cast(null as varchar) as age_band,
            cast(null as integer) as imd_quintile,
            lines.cost_basis,
            lines.is_contract_activity,
            points.activity_group,
            lines.activity,
            lines.activity_priced,
            lines.spend_gbp,
            cast(lines.spend_gbp * base.gdp_deflator / deflators.gdp_deflator as decimal(18, 2)) as spend_constant_gbp
        from " ~ ref('spend_lines') ~ " as lines
        left join " ~ ref('points_of_delivery') ~ " as points on lines.point_of_delivery = points.point_of_delivery
        left join " ~ ref('gdp_deflators') ~ " as deflators on lines.price_year = deflators.financial_year
        inner join " ~ ref('gdp_deflators') ~ " as base on base.financial_year = '2024/25'
    )",
    measures={
        'spend_per_head': {'sum': 'spend_gbp'},
        'spend_per_head_constant_prices': {'sum': 'spend_constant_gbp'},
        'spend_per_head_emergency': {'sum': 'spend_gbp', 'where': "activity_group = 'non_elective'"},
        'spend_per_head_planned': {'sum': 'spend_gbp', 'where': "activity_group = 'elective'"},
        'spend_per_head_ae': {'sum': 'spend_gbp', 'where': "activity_group in ('ae', 'same_day_emergency_care')"},
        'spend_per_head_outpatients': {'sum': 'spend_gbp', 'where': "activity_group = 'outpatient'"},
        'gp_payments_per_head': {'sum': 'spend_gbp', 'where': "cost_basis = 'payment'"},
        'spend_activity': {'sum': 'activity', 'where': 'is_contract_activity'},
        'spend_priced_activity_pct': {'sum': 'activity_priced', 'where': "is_contract_activity and cost_basis = 'contract'"},
    },
    persons=false
) }}
