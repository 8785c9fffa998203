-- One row per area and month: teams, NO_INT and the codes without population, with the whole list and whether rates make sense.
with populations as (
    select
        boundary,
        month,
        int_code,
        min(population_basis) as population_basis,
        cast(sum(registered_population) as bigint) as registered_population
    from {{ ref('area_populations') }}
    group by boundary, month, int_code
),

areas as (
    select distinct
        boundary,
        month,
        int_code
    from {{ ref('practice_areas') }}
    {% for code in special_area_codes() -%}
    union
    select distinct
        boundary,
        month,
        '{{ code }}' as int_code
    from {{ ref('practice_areas') }}
    {% endfor %}
)

select
    areas.boundary,
    areas.month,
    areas.int_code,
    not {{ is_special_area('areas.int_code') }} as is_team,
    populations.registered_population,
    case when not {{ is_special_area('areas.int_code') }} then populations.registered_population end as rate_population,
    lists.population_basis,
    -- per head of a list of another month, or of some of the practices, is not settled (definitions C9, E2)
    coalesce(lists.population_basis, 'list') = 'list' and missing.area_code is null as has_own_lists
from areas
left join populations
    on
        areas.boundary = populations.boundary
        and areas.month = populations.month
        and areas.int_code = populations.int_code
left join {{ ref('population_lists') }} as lists on areas.month = lists.month
left join (
    select distinct
        boundary,
        month,
        area_code
    from {{ ref('area_missing_senders') }}
    where feed = 'gp_registrations' and property = 'rows' and area_type = 'int'
) as missing
    on
        areas.boundary = missing.boundary
        and areas.month = missing.month
        and areas.int_code = missing.area_code
