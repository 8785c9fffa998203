{{ config(alias='non_elective_admissions_per_capita') }}

select
    int_code,
    month,
    admission_type,
    age_group,
    length_of_stay_group,
    admissions,
    spell_bed_days,
    registered_population,
    age_group_population,
    admissions_per_1000,
    admissions_per_1000_lower_95,
    admissions_per_1000_upper_95,
    period_status,
    null_reason
from {{ ref('admissions_by_boundary') }}
where boundary = 'as_at'
