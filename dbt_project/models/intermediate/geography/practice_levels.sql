-- Each practice of the ICB at each level of area, month and boundary.
{% for area_type, column in {'int': 'int_code', 'pcn': 'pcn_code', 'hcp': 'hcp_code'}.items() -%}
select
    boundary,
    month,
    practice_code,
    '{{ area_type }}' as area_type,
    {{ column }} as area_code
from {{ ref('practice_areas') }}
where {{ column }} is not null and int_code <> 'NO_INT'
union all
{% endfor -%}
select
    areas.boundary,
    areas.month,
    areas.practice_code,
    'icb' as area_type,
    build.icb_code as area_code
from {{ ref('practice_areas') }} as areas
cross join {{ ref('build') }} as build
