-- Reported measures of all sources in one shape: the feed of that name, and published files whose rows end here.
{{ config(materialized='view') }}

{% for feed, model in reported_sources().items() -%}
select
    '{{ feed }}' as feed,
    *
from {{ ref(model) }}
{{ 'union all by name' if not loop.last }}
{% endfor %}
