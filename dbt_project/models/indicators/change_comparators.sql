-- Counts of an area, and of what it is compared with, in the current period and in the baseline: the other areas of its kind in the ICB and
-- in its partnership, and the other teams that had not gone live by the end of the current period. An area is there only if each month of
-- both periods is complete and all are of one phase; the others leave out areas of which that is not so (definitions E1, E9, E16).
-- How to read it: change_months adds up month by month, so a period is the difference of two of its rows (`counted`; people of 12 months stand
-- as they are in `people`). `sums` holds both sides of every area, `own` those that have a change; each of the three comparators is the sum
-- of its group less the area itself.
with

pairs as (
    select distinct
        indicator_id,
        cohort_id,
        measure_kind,
        months,
        baseline_from,
        baseline_to,
        current_from,
        current_to
    from {{ ref('change_periods') }}
),

counted as (
    select
        pairs.*,
        current_end.area_type,
        current_end.area_code,
        current_end.final_months - coalesce(current_start.final_months, 0)
        + base_end.final_months - coalesce(base_start.final_months, 0) = 2 * pairs.months as is_final,
        cast(current_end.numerator - coalesce(current_start.numerator, 0) as double) as numerator,
        cast(current_end.denominator - coalesce(current_start.denominator, 0) as double) as denominator,
        cast(base_end.numerator - coalesce(base_start.numerator, 0) as double) as base_numerator,
        cast(base_end.denominator - coalesce(base_start.denominator, 0) as double) as base_denominator
    from pairs
    inner join {{ ref('change_months') }} as current_end
        on
            pairs.indicator_id = current_end.indicator_id
            and pairs.cohort_id = current_end.cohort_id
            and pairs.current_to = current_end.month_number
    left join {{ ref('change_months') }} as current_start
        on
            current_end.indicator_id = current_start.indicator_id
            and current_end.cohort_id = current_start.cohort_id
            and current_end.area_type = current_start.area_type
            and current_end.area_code = current_start.area_code
            and pairs.current_from - 1 = current_start.month_number
    inner join {{ ref('change_months') }} as base_end
        on
            current_end.indicator_id = base_end.indicator_id
            and current_end.cohort_id = base_end.cohort_id
            and current_end.area_type = base_end.area_type
            and current_end.area_code = base_end.area_code
            and pairs.baseline_to = base_end.month_number
    left join {{ ref('change_months') }} as base_start
        on
            current_end.indicator_id = base_start.indicator_id
            and current_end.cohort_id = base_start.cohort_id
            and current_end.area_type = base_start.area_type
            and current_end.area_code = base_start.area_code
            and pairs.baseline_from - 1 = base_start.month_number
    inner join {{ ref('change_months') }} as base_first
        on
            current_end.indicator_id = base_first.indicator_id
            and current_end.cohort_id = base_first.cohort_id
            and current_end.area_type = base_first.area_type
            and current_end.area_code = base_first.area_code
            and pairs.baseline_from = base_first.month_number
    where
        current_end.complete_months - coalesce(current_start.complete_months, 0) = pairs.months
        and base_end.complete_months - coalesce(base_start.complete_months, 0) = pairs.months
        and base_first.phase = current_end.phase
),

-- people of 12 months, as they stand; not where what makes them people of the count was recorded another way in between (definitions E9)
people as (
    select
        pairs.*,
        now.area_type,
        now.area_code,
        now.period_status = 'final' and base.period_status = 'final' as is_final,
        now.numerator,
        now.denominator,
        base.numerator as base_numerator,
        base.denominator as base_denominator
    from pairs
    inner join {{ ref('indicator_figures') }} as now
        on
            pairs.measure_kind = 'person_period'
            and pairs.indicator_id = now.indicator_id
            and pairs.cohort_id = now.cohort_id
            and pairs.current_to = {{ month_number('now.month') }}
    inner join {{ ref('indicator_figures') }} as base
        on
            pairs.indicator_id = base.indicator_id
            and pairs.cohort_id = base.cohort_id
            and now.area_type = base.area_type
            and now.area_code = base.area_code
            and pairs.baseline_to = {{ month_number('base.month') }}
    where
        now.boundary = 'marts'
        and now.period = 'rolling_12_months'
        and now.value is not null
        and now.period_status <> 'incomplete'
        and base.boundary = 'marts'
        and base.period = 'rolling_12_months'
        and base.value is not null
        and base.period_status <> 'incomplete'
        and not exists (
            select 1
            from {{ ref('process_rebasings') }} as rebasings
            where
                pairs.indicator_id = rebasings.indicator_id
                and coalesce(rebasings.area_type, now.area_type) = now.area_type
                and coalesce(rebasings.area_code, now.area_code) = now.area_code
                and {{ month_number('rebasings.month') }} between pairs.baseline_from + 1 and pairs.current_to
        )
),

parents as (
    select
        levels.area_type,
        levels.area_code,
        min(partnerships.area_code) as hcp_code
    from {{ ref('practice_levels') }} as levels
    inner join {{ ref('practice_levels') }} as partnerships
        on
            levels.boundary = partnerships.boundary
            and levels.month = partnerships.month
            and levels.practice_code = partnerships.practice_code
    inner join {{ ref('build') }} as build on levels.month = {{ month_start('build.data_cut') }}
    where levels.boundary = 'marts' and partnerships.area_type = 'hcp' and levels.area_type in ('int', 'pcn')
    group by levels.area_type, levels.area_code
),

-- a population is the mean of the months' lists; what is divided by activity, its sum
sums as materialized (
    select
        counts.* exclude (denominator, base_denominator),
        counts.denominator / divisors.divisor as denominator,
        counts.base_denominator / divisors.divisor as base_denominator,
        parents.hcp_code,
        counts.area_type = 'int' and (teams.go_live_month is null or {{ month_number('teams.go_live_month') }} > counts.current_to) as is_waiting
    from (
        select * from counted
        union all by name
        select * from people
    ) as counts
    inner join {{ ref('indicator_catalogue') }} as catalogue on counts.indicator_id = catalogue.indicator_id
    inner join (values ('additive', 'population', true), ('additive', 'activity', false), ('person_period', 'population', false))
        as kinds (measure_kind, denominator_kind, is_mean)
        on counts.measure_kind = kinds.measure_kind and catalogue.denominator_kind = kinds.denominator_kind
    cross join lateral (select case when kinds.is_mean then counts.months else 1 end as divisor) as divisors
    left join parents on counts.area_type = parents.area_type and counts.area_code = parents.area_code
    left join {{ ref('team_go_lives') }} as teams on counts.area_type = 'int' and counts.area_code = teams.int_code
),

own as (
    select
        sums.*,
        periods.baseline_kind
    from sums
    inner join {{ ref('change_periods') }} as periods
        on
            sums.indicator_id = periods.indicator_id
            and sums.cohort_id = periods.cohort_id
            and sums.area_type = periods.area_type
            and sums.area_code = periods.area_code
            and sums.baseline_from = periods.baseline_from
            and sums.baseline_to = periods.baseline_to
            and sums.current_from = periods.current_from
            and sums.current_to = periods.current_to
)
{% set groups = {
    'rest_of_icb': {'of': "area_type <> 'icb'", 'within': '', 'member': 'true', 'kinds': "measure_kind = 'additive'"},
    'rest_of_hcp': {'of': 'hcp_code is not null', 'within': 'hcp_code', 'member': 'true', 'kinds': "measure_kind = 'additive'"},
    'teams_not_live': {'of': "area_type = 'int'", 'within': '', 'member': 'is_waiting', 'kinds': 'true'},
} -%}
{% set sides = ['numerator', 'denominator', 'base_numerator', 'base_denominator'] -%}
{% set period = ['indicator_id', 'cohort_id', 'area_type', 'baseline_from', 'baseline_to', 'current_from', 'current_to'] %}
{% for name, group in groups.items() -%}
, {{ name }}_totals as (
    select
        {{ period | join(', ') }},
        {{ group.within ~ ',' if group.within }}
        count(*) as areas
        {% for side in sides -%}
        , {{ exact_sum(side, 9) }} as {{ side }}
        {% endfor -%}
    from sums
    where {{ group.of }} and {{ group.member }} and {{ group.kinds }}
    group by all
),

{{ name }} as (
    select
        own.indicator_id,
        own.cohort_id,
        own.area_type,
        own.area_code,
        own.baseline_kind,
        own.months,
        own.baseline_from,
        own.baseline_to,
        own.current_from,
        own.current_to,
        '{{ name }}' as comparator
        {% for side in sides -%}
        , totals.{{ side }} - case when {{ 'own.' ~ group.member if group.member != 'true' else 'true' }} then own.{{ side }} else 0 end as {{ side }}
        {% endfor -%}
    from own
    inner join {{ name }}_totals as totals
        on
            true
            {%- for column in period + ([group.within] if group.within else []) %}
            and own.{{ column }} = totals.{{ column }}
            {%- endfor %}
    -- others than itself
    where
        {{ group.of | replace('area_type', 'own.area_type') | replace('hcp_code', 'own.hcp_code') }}
        and totals.areas > case when {{ 'own.' ~ group.member if group.member != 'true' else 'true' }} then 1 else 0 end
)

{% endfor -%}
select
    indicator_id,
    cohort_id,
    area_type,
    area_code,
    baseline_kind,
    months,
    baseline_from,
    baseline_to,
    current_from,
    current_to,
    'own' as comparator,
    is_final,
    {{ sides | join(', ') }}
from own
{% for name in groups -%}
union all by name
select * from {{ name }}
{% endfor %}
