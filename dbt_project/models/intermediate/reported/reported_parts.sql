-- What lies in what, of areas that may be reported: practices in teams, teams in partnerships, all of them in the ICB, in any month on the
-- boundaries of the data cut; districts in their county.
{% set levels = [
    ('practice', 'places.practice_code'), ('int', "nullif(places.int_code, 'NO_INT')"), ('hcp', 'places.hcp_code'),
    ('icb', 'build.icb_code'),
] -%}
{% for part_type, part in levels -%}
{% for whole_type, whole in levels[loop.index:] -%}
select distinct
    '{{ whole_type }}' as whole_type,
    {{ whole }} as whole_code,
    '{{ part_type }}' as part_type,
    {{ part }} as part_code
from {{ ref('practice_areas') }} as places
cross join {{ ref('build') }} as build
where places.boundary = 'marts' and {{ whole }} is not null and {{ part }} is not null
union all
{% endfor -%}
{% endfor -%}
select
    'council' as whole_type,
    county_code as whole_code,
    'council' as part_type,
    district_code as part_code
from {{ ref('council_districts') }}
