-- The areas to which each practice's cells are summed, by number; `ICB_ONLY` is part of the ICB alone. UNATTRIBUTED and OUT_OF_AREA have
-- no place here: they are in the count marts, in no area row (design 4.5).
select
    levels.practice_code,
    areas.month,
    areas.month_number,
    areas.area_key,
    areas.has_cohorts
from {{ ref('practice_levels') }} as levels
inner join {{ ref('indicator_areas') }} as areas
    on
        levels.boundary = areas.boundary
        and levels.area_type = areas.area_type
        and levels.area_code = areas.area_code
        and levels.month = areas.month
union all
select
    'ICB_ONLY' as practice_code,
    month,
    month_number,
    area_key,
    has_cohorts
from {{ ref('indicator_areas') }}
where area_type = 'icb'
