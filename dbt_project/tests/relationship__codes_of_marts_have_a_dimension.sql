{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.dim_int',
    'what_to_do': 'A mart names a team or month that its dimension does not have, so charts would lose it; tell the data engineer.',
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
    used.int_code,
    used.month
from used
left join {{ ref('dim_int') }} as teams on used.int_code = teams.int_code
left join {{ ref('dim_month') }} as months on used.month = months.month
where teams.int_code is null or months.month is null
