-- Reported cells of each area, on both boundaries: as delivered where the area itself was, else the sum of what lies in it. A team is the
-- sum of its practices, a partnership of its teams, the ICB of its partnerships and of the practices without a team; so no total is smaller
-- than what its own parts report. Where not all of them came, the sum says so (`is_complete`), because a part is not the whole; where they
-- came for different periods too (`is_one_period`), because a month and a quarter do not add up; and an area that reports fewer than its
-- parts together contradicts them (`is_less_than_its_parts`). Measures that are withheld below a number of replies are on the boundaries of
-- the data cut and never for networks: from two maps of the same practices one practice could be worked out.
{% set sums = {
    'numerator': 'numerator', 'denominator': 'denominator', 'squares': 'squares', 'replies': 'replies', 'invited': 'invited',
    'replies_of_invited': 'replies_of_invited',
} -%}
with

places as (
    select
        areas.boundary,
        areas.month,
        areas.practice_code,
        areas.int_code,
        areas.pcn_code,
        areas.hcp_code,
        coalesce(lists.patients, 0) > 0 as has_list
    from {{ ref('practice_areas') }} as areas
    left join (
        select
            month,
            practice_code,
            sum(registered_population) as patients
        from {{ ref('registered_population') }}
        group by month, practice_code
    ) as lists on areas.month = lists.month and areas.practice_code = lists.practice_code
),

teams as (
    select
        boundary,
        month,
        int_code,
        min(pcn_code) as pcn_code,
        min(hcp_code) as hcp_code,
        count(*) filter (where has_list) as practices
    from places
    group by boundary, month, int_code
),

measure_months as (
    select
        measure_id,
        month,
        max(minimum_count) as minimum_count,
        min(period_start) as period_start,
        max(period_end) as period_end
    from {{ ref('reported_cells') }}
    where area_type in ('practice', 'int', 'pcn', 'hcp', 'icb')
    group by measure_id, month
),

boundary_months as (
    select
        measure_months.measure_id,
        measure_months.month,
        boundaries.boundary
    from measure_months
    cross join (values ('marts'), ('as_at')) as boundaries (boundary)
    where boundaries.boundary = 'marts' or measure_months.minimum_count = 0
),

-- a team by its practices
team_parts as (
    select
        cells.measure_id,
        places.boundary,
        places.month,
        places.int_code,
        min(cells.period_start) as period_start,
        max(cells.period_end) as period_end,
        min(cells.period_start) = max(cells.period_start) and min(cells.period_end) = max(cells.period_end) as is_one_period,
        true as is_delivered,
        false as is_less_than_its_parts,
        count(*) filter (where places.has_list) >= max(teams.practices) as is_complete
        {% for name in sums -%}
        , cast(sum(cells.{{ name }}) as decimal(28, 6)) as {{ name }}
        {% endfor -%}
    from {{ ref('reported_cells') }} as cells
    inner join places on cells.area_code = places.practice_code and cells.month = places.month
    inner join teams on places.boundary = teams.boundary and places.month = teams.month and places.int_code = teams.int_code
    where cells.area_type = 'practice'
    group by cells.measure_id, places.boundary, places.month, places.int_code
),

-- one row per measure and team, with or without something; practices without a team stand together and are asked for nowhere
of_teams as (
    select
        boundary_months.measure_id,
        boundary_months.boundary,
        boundary_months.month,
        teams.int_code,
        teams.pcn_code,
        teams.hcp_code,
        {{ own_or_parts(sums) }}
    from boundary_months
    inner join teams on boundary_months.boundary = teams.boundary and boundary_months.month = teams.month
    left join {{ ref('reported_cells') }} as own
        on
            boundary_months.measure_id = own.measure_id
            and boundary_months.month = own.month
            and own.area_type = 'int'
            and teams.int_code = own.area_code
    left join team_parts as parts
        on
            boundary_months.measure_id = parts.measure_id
            and boundary_months.boundary = parts.boundary
            and boundary_months.month = parts.month
            and teams.int_code = parts.int_code
),

{% for area_type, parts in {'pcn': 'of_teams', 'hcp': 'of_teams', 'icb': 'icb_parts'}.items() -%}
{% if area_type == 'icb' -%}
-- partnerships, and what lies in none; practices without a team are asked for nowhere
icb_parts as (
    select
        parts.*,
        build.icb_code
    from (
        select * exclude (area_code)
        from of_hcp
        union all by name
        select * exclude (int_code, pcn_code, hcp_code) replace (case when int_code <> 'NO_INT' then is_complete end as is_complete)
        from of_teams
        where hcp_code is null or int_code = 'NO_INT'
    ) as parts
    cross join {{ ref('build') }} as build
),

{% endif -%}
of_{{ area_type }} as (
    select
        parts.measure_id,
        parts.boundary,
        parts.month,
        parts.area_code,
        {{ own_or_parts(sums) }}
    from (
        select
            measure_id,
            boundary,
            month,
            {{ area_type }}_code as area_code,
            bool_and(is_complete) as is_complete,
            {{ parts_summed(sums) }}
        from {{ parts }}
        where {{ area_type }}_code is not null {%- if parts == 'of_teams' %} and int_code <> 'NO_INT'{% endif %}
        group by measure_id, boundary, month, {{ area_type }}_code
    ) as parts
    left join {{ ref('reported_cells') }} as own
        on
            parts.measure_id = own.measure_id
            and parts.month = own.month
            and own.area_type = '{{ area_type }}'
            and parts.area_code = own.area_code
),

{% endfor -%}
of_areas as (
    select
        'int' as area_type,
        int_code as area_code,
        * exclude (int_code, pcn_code, hcp_code)
    from of_teams
    {% for area_type in ['pcn', 'hcp', 'icb'] -%}
    union all by name
    select
        '{{ area_type }}' as area_type,
        *
    from of_{{ area_type }}
    {% endfor %}
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    measure_months.measure_id,
    measure_months.month,
    measure_months.minimum_count,
    coalesce(cells.period_start, measure_months.period_start) as period_start,
    coalesce(cells.period_end, measure_months.period_end) as period_end,
    coalesce(cells.is_one_period, true) as is_one_period,
    coalesce(cells.is_complete, false) as is_complete,
    coalesce(cells.is_delivered, false) as is_delivered,
    {% for name in sums -%}
    cells.{{ name }},
    {% endfor -%}
    coalesce(cells.is_less_than_its_parts, false) as is_less_than_its_parts
from measure_months
inner join boundary_months
    on measure_months.measure_id = boundary_months.measure_id and measure_months.month = boundary_months.month
inner join {{ ref('indicator_areas') }} as areas
    on
        boundary_months.boundary = areas.boundary
        and measure_months.month = areas.month
        and (areas.area_type <> 'pcn' or measure_months.minimum_count = 0)
left join of_areas as cells
    on
        measure_months.measure_id = cells.measure_id
        and measure_months.month = cells.month
        and areas.boundary = cells.boundary
        and areas.area_type = cells.area_type
        and areas.area_code = cells.area_code
