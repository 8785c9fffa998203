{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.non_elective_admissions_per_capita',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

{{ conservation(
    'non_elective_admissions_per_capita', ['month', 'admission_type', 'age_group', 'length_of_stay_group'],
    ['admissions', 'spell_bed_days'],
    'select event_month as month, admission_type, age_group, length_of_stay_group, 1 as admissions, spell_bed_days from '
    ~ ref('admissions') ~ ' where ' ~ covered('event_month', "'admissions'")
) }}
