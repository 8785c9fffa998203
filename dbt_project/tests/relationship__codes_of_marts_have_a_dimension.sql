{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.dim_int',
    'what_to_do': 'A mart names a team, month, visit type or point of delivery that its dimension does not have, so charts would lose it; tell the data engineer.',
}) }}

with used as (
    {% for mart in ['visits_per_capita', 'referrals_per_capita', 'spend_per_capita', 'non_elective_admissions_per_capita', 'readmissions'] -%}
    {% for prefix in ['', 'as_at_'] -%}
    select
        int_code,
        month
    from {{ ref(prefix ~ mart) }}
    union
    {% endfor -%}
    {% endfor -%}
    select
        int_code,
        month
    from {{ ref('practice_areas') }}
)

select
    used.int_code as code,
    used.month
from used
left join {{ ref('dim_int') }} as teams on used.int_code = teams.int_code
left join {{ ref('dim_month') }} as months on used.month = months.month
where teams.int_code is null or months.month is null
union all
select
    visits.visit_type as code,
    visits.month
from {{ ref('visits_per_capita') }} as visits
left join {{ ref('dim_visit_type') }} as names on visits.setting = names.setting and visits.visit_type = names.visit_type
where names.visit_type is null
union all
select
    spend.point_of_delivery as code,
    spend.month
from {{ ref('spend_per_capita') }} as spend
left join {{ ref('dim_point_of_delivery') }} as names on spend.point_of_delivery = names.point_of_delivery
where names.point_of_delivery is null
