-- Areas that a reported row may be of, in each month: practices, networks, teams, partnerships and the ICB itself. `is_at_cut`: on the
-- boundaries of the data cut, the only ones that measures with a least number of replies are shown on.
{% for area_type, column in {
    'practice': 'places.practice_code', 'pcn': 'places.pcn_code', 'int': 'places.int_code', 'hcp': 'places.hcp_code',
    'icb': 'build.icb_code',
}.items() -%}
select
    places.month,
    '{{ area_type }}' as area_type,
    {{ column }} as area_code,
    bool_or(places.boundary = 'marts') as is_at_cut
from {{ ref('practice_areas') }} as places
{% if area_type == 'icb' -%}
cross join {{ ref('build') }} as build
{% endif -%}
where {{ column }} is not null {% if area_type == 'int' %}and places.int_code <> 'NO_INT'{% endif %}
group by places.month, {{ column }}
{{ 'union all' if not loop.last }}
{% endfor %}
