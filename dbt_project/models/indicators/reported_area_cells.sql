-- Reported cells of each area, on both boundaries: as delivered where the area itself was, else the sum of what lies in it. A team is the
-- sum of its practices, a partnership and the ICB of their teams. Where not all of them came, the sum says so (`is_complete`), because a
-- part is not the whole; and where they came for different periods (`is_one_period`), because a month and a quarter do not add up. Measures that are withheld below a number of replies are on the boundaries of the data cut and never for networks:
-- from two maps of the same practices one practice could be worked out.
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
    select distinct
        boundary,
        month,
        int_code,
        pcn_code,
        hcp_code
    from places
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

of_practices as (
    select
        cells.measure_id,
        places.boundary,
        places.month,
        places.int_code,
        places.pcn_code,
        min(cells.period_start) as period_start,
        max(cells.period_end) as period_end,
        min(cells.period_start) = max(cells.period_start) and min(cells.period_end) = max(cells.period_end) as is_one_period,
        count(*) filter (where places.has_list) as practices
        {% for name in sums -%}
        , cast(sum(cells.{{ name }}) as decimal(28, 6)) as {{ name }}
        {% endfor -%}
    from {{ ref('reported_cells') }} as cells
    inner join places on cells.area_code = places.practice_code and cells.month = places.month
    where cells.area_type = 'practice'
    group by cells.measure_id, places.boundary, places.month, places.int_code, places.pcn_code
),

expected_practices as (
    select
        boundary,
        month,
        int_code,
        count(*) as practices
    from places
    where has_list
    group by boundary, month, int_code
),

-- one row per measure and team that has something: its own row, or the sum of its practices
of_teams as (
    select
        boundary_months.measure_id,
        boundary_months.boundary,
        boundary_months.month,
        teams.int_code,
        teams.pcn_code,
        teams.hcp_code,
        own.measure_id is not null as is_own,
        coalesce(own.period_start, practices.period_start) as period_start,
        coalesce(own.period_end, practices.period_end) as period_end,
        own.measure_id is not null or coalesce(practices.is_one_period, true) as is_one_period,
        own.measure_id is not null or coalesce(practices.practices >= expected.practices, false) as is_complete
        {% for name in sums -%}
        , case when own.measure_id is not null then own.{{ name }} else practices.{{ name }} end as {{ name }}
        {% endfor -%}
    from boundary_months
    inner join (
        select
            boundary,
            month,
            int_code,
            min(pcn_code) as pcn_code,
            min(hcp_code) as hcp_code
        from teams
        group by boundary, month, int_code
    ) as teams
        on boundary_months.boundary = teams.boundary and boundary_months.month = teams.month
    left join {{ ref('reported_cells') }} as own
        on
            boundary_months.measure_id = own.measure_id
            and boundary_months.month = own.month
            and own.area_type = 'int'
            and teams.int_code = own.area_code
    left join (
        select
            measure_id,
            boundary,
            month,
            int_code,
            min(period_start) as period_start,
            max(period_end) as period_end,
            bool_and(is_one_period) and min(period_start) = max(period_start) and min(period_end) = max(period_end) as is_one_period,
            sum(practices) as practices
            {% for name in sums -%}
            , cast(sum({{ name }}) as decimal(28, 6)) as {{ name }}
            {% endfor -%}
        from of_practices
        group by measure_id, boundary, month, int_code
    ) as practices
        on
            boundary_months.measure_id = practices.measure_id
            and boundary_months.boundary = practices.boundary
            and boundary_months.month = practices.month
            and teams.int_code = practices.int_code
    left join expected_practices as expected
        on teams.boundary = expected.boundary and teams.month = expected.month and teams.int_code = expected.int_code
),

-- practices without a team belong to the ICB alone and are asked for nowhere
summed as (
    {% for area_type, column in {'int': 'int_code', 'pcn': 'pcn_code', 'hcp': 'hcp_code', 'icb': 'build.icb_code'}.items() -%}
    select
        of_teams.measure_id,
        of_teams.boundary,
        of_teams.month,
        '{{ area_type }}' as area_type,
        {{ column }} as area_code,
        min(of_teams.period_start) as period_start,
        max(of_teams.period_end) as period_end,
        coalesce(
            bool_and(of_teams.is_one_period)
            and min(of_teams.period_start) = max(of_teams.period_start) and min(of_teams.period_end) = max(of_teams.period_end), true
        ) as is_one_period,
        bool_and(of_teams.is_complete) filter (where of_teams.int_code <> 'NO_INT') as is_complete,
        bool_or(of_teams.replies is not null) as is_delivered
        {% for name in sums -%}
        , cast(sum(of_teams.{{ name }}) as decimal(28, 6)) as {{ name }}
        {% endfor -%}
    from of_teams
    {% if area_type == 'icb' -%}
    cross join {{ ref('build') }} as build
    {% endif -%}
    where {{ column }} is not null {% if area_type != 'icb' %}and of_teams.int_code <> 'NO_INT'{% endif %}
    group by of_teams.measure_id, of_teams.boundary, of_teams.month, {{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    areas.boundary,
    areas.area_type,
    areas.area_code,
    measure_months.measure_id,
    measure_months.month,
    measure_months.minimum_count,
    coalesce(own.period_start, summed.period_start, measure_months.period_start) as period_start,
    coalesce(own.period_end, summed.period_end, measure_months.period_end) as period_end,
    own.measure_id is not null or coalesce(summed.is_one_period, true) as is_one_period,
    own.measure_id is not null or coalesce(summed.is_complete, false) as is_complete,
    own.measure_id is not null or coalesce(summed.is_delivered, false) as is_delivered
    {% for name in sums -%}
    , case when own.measure_id is not null then own.{{ name }} else summed.{{ name }} end as {{ name }}
    {% endfor -%}
from measure_months
inner join boundary_months
    on measure_months.measure_id = boundary_months.measure_id and measure_months.month = boundary_months.month
inner join {{ ref('indicator_areas') }} as areas
    on
        boundary_months.boundary = areas.boundary
        and measure_months.month = areas.month
        and (areas.area_type <> 'pcn' or measure_months.minimum_count = 0)
left join {{ ref('reported_cells') }} as own
    on
        measure_months.measure_id = own.measure_id
        and measure_months.month = own.month
        and areas.area_type = own.area_type
        and areas.area_code = own.area_code
        and areas.area_type <> 'int'
left join summed
    on
        measure_months.measure_id = summed.measure_id
        and measure_months.month = summed.month
        and areas.boundary = summed.boundary
        and areas.area_type = summed.area_type
        and areas.area_code = summed.area_code
