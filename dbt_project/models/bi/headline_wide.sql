-- Nothing here is to be summed: a row holds the finished figures of one team and month. What is incomplete is left out and counted, so that
-- no line of a chart falls for want of data. Months are timestamps: pandas reads a date as an object, a timestamp as a date.
select
    {{ area_key("'int'", 'teams.int_code') }} as area_key,
    teams.int_code,
    teams.int_name,
    teams.hcp_code,
    teams.hcp_name,
    cast(figures.month as timestamp) as month,
    cast(teams.go_live_month as timestamp) as go_live_month,
    max(figures.months_since_go_live) as months_since_go_live,
    max(figures.registered_population) as registered_population,
    {% for indicator_id, column in headline_columns().items() -%}
    max(case when figures.indicator_id = '{{ indicator_id }}' and figures.period_status <> 'incomplete' then figures.value end) as {{ column }},
    {% endfor -%}
    cast(count(case when figures.period_status = 'incomplete' or figures.value is null then 1 end) as integer) as figures_left_out,
    max(case when figures.value is not null and figures.period_status = 'provisional' then 1 else 0 end) = 0 as is_final
from {{ ref('indicator_values') }} as figures
inner join {{ ref('dim_indicator') }} as indicators on figures.indicator_id = indicators.indicator_id and indicators.is_headline
inner join {{ ref('dim_int') }} as teams on figures.area_code = teams.int_code
where figures.area_type = 'int' and figures.period = 'month' and figures.cohort_id = 'all'
group by teams.int_code, teams.int_name, teams.hcp_code, teams.hcp_name, figures.month, teams.go_live_month
