-- Areas whose lists of a month do not say ages, sexes or small areas of all their people but 2 in a hundred (definitions E1, E8): lists
-- that came as totals only, or small areas that do not add up to the list.
{% for property in ['age', 'sex', 'small_area'] -%}
select
    levels.boundary,
    levels.area_type,
    levels.area_code,
    levels.month,
    '{{ property }}' as property
from {{ ref('feed_cells') }} as cells
inner join {{ ref('practice_levels') }} as levels on cells.practice_code = levels.practice_code and cells.month = levels.month
where cells.feed = 'gp_registrations'
group by levels.boundary, levels.area_type, levels.area_code, levels.month
having abs(sum(cells.says_{{ property }}) - sum(cells.rows_sent)) > 0.02 * sum(cells.rows_sent)
{{ 'union all' if not loop.last }}
{% endfor %}
