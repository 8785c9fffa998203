-- Each headline's own newest complete month: those that wait for follow-up end earlier, and one date for all would hide it.
select
    area_key,
    int_code,
    int_name,
    hcp_code,
    hcp_name,
    go_live_month,
    {% for column in headline_columns().values() -%}
    max_by({{ column }}, case when {{ column }} is not null then month end) as {{ column }},
    max(case when {{ column }} is not null then month end) as {{ column }}_month,
    {% endfor -%}
    max(month) as newest_month,
    max_by(registered_population, month) as registered_population
from {{ ref('headline_wide') }}
group by area_key, int_code, int_name, hcp_code, hcp_name, go_live_month
