-- what became of the incidents of an ambulance service: resolved without a crew, and of those with one taken to an emergency department
{% for measure, numerator, denominator in [
    ('ambulance_resolved_remotely_pct', 'incidents_resolved_remotely', 'incidents'),
    ('ambulance_conveyed_to_ae_pct', 'incidents_conveyed_to_ae', 'incidents_with_a_crew'),
] -%}
select
    '{{ measure }}' as measure_id,
    case when upper(area_code) = 'ENG' then 'england' when upper(area_code) like 'Y%' then 'region' else 'trust' end as area_type,
    upper(area_code) as area_code,
    area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast({{ numerator }} as decimal(28, 6)) as numerator,
    cast({{ denominator }} as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ source('live', 'ambulance_quality') }}
where month is not null and {{ numerator }} is not null and {{ denominator }} is not null
{{ 'union all' if not loop.last }}
{% endfor %}
