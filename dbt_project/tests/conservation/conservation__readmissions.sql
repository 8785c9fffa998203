{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.readmissions',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

{% set below -%}
{% for days in [30, 60, 90] -%}
select
    discharge_month as month,
    {{ days }} as window_days,
    1 as discharges,
    case when days_to_readmission < {{ days }} then 1 else 0 end as readmissions
from {{ ref('readmissions_by_index') }}
where {{ covered('discharge_month', "'discharges'") }}
{{ 'union all' if not loop.last }}
{% endfor -%}
{%- endset -%}
{{ conservation('readmissions', ['month', 'window_days'], ['discharges', 'readmissions'], below) }}
