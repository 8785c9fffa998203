-- Reported measures of all sources in one shape: the feed of that name, and published files whose rows end here.
{{ config(materialized='view') }}

{% set sources = {
    'reported_measures': 'stg_reported_measures__values',
    'qof_prevalence': 'stg_qof_prevalence__registers',
    'gp_patient_survey': 'stg_gp_patient_survey__answers',
    'dementia_diagnoses': 'stg_dementia_diagnoses__rates',
    'gp_workforce': 'gp_workforce_rows',
    'homelessness_duty': 'stg_homelessness_duty__councils',
    'acute_discharge': 'stg_acute_discharge__days',
    'community_services': 'stg_community_services__months',
    'virtual_ward_capacity': 'stg_virtual_ward_capacity__months',
    'adult_social_care': 'stg_adult_social_care__councils',
} -%}
{% for feed, model in sources.items() -%}
select
    '{{ feed }}' as feed,
    *
from {{ ref(model) }}
{{ 'union all by name' if not loop.last }}
{% endfor %}
