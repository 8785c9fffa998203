{# What each feed can say of a record: property → the SQL condition under which a row says it. A property that a feed has no line for
   cannot be known from it. `core` properties are of every record: less than half of a month's rows is not recorded. The names are
   those that `seeds/measure_requirements.csv` and the cohorts ask for; a cohort of flagged events asks for the property of its name. #}
{% macro feed_properties() -%}
{% set person = {'person': 'person_id is not null', 'age': 'age_years is not null', 'sex': "sex in ('male', 'female')"} -%}
{% set who = dict(person, small_area='deprivation.lsoa_code is not null') -%}
{{ return({
    'gp_appointments': dict(who,
        category='national_category is not null', staff_group="staff_group <> 'unknown'", mode="mode <> 'unknown'",
        wait='booked_date is not null', attendance="status <> 'unknown'"),
    'gp_appointments_published': {
        'category': 'national_category is not null', 'staff_group': "staff_group <> 'unknown'", 'mode': "mode <> 'unknown'",
        'wait': 'booking_band is not null', 'attendance': "status <> 'unknown'"},
    'online_consultations': {},
    'ecds': dict(who,
        mental_health='(diagnosis_codes is not null or chief_complaint is not null)', department='department_type is not null',
        same_day_care="department_type is not null", departure='departure_minutes is not null', acuity='acuity is not null',
        arrival_mode='arrival_mode is not null', discharge_status='discharge_status is not null',
        care_home='(attendance_source is not null or discharge_destination is not null)',
        follow_up='discharge_follow_up is not null'),
    'hes_ae': dict(who,
        mental_health='diagnosis_codes is not null', department='department_type is not null', departure='departure_minutes is not null',
        arrival_mode='arrival_mode is not null', discharge_status='discharge_status is not null'),
    'hes_op': dict(who,
        attendance='attendance_status is not null', first_or_follow_up='first_attendance is not null',
        procedure='primary_procedure is not null', referral_source='referral_source is not null', request_date='request_date is not null'),
    'hes_apc': dict(who,
        diagnosis='primary_diagnosis is not null', mental_health='primary_diagnosis is not null',
        no_fixed_abode='primary_diagnosis is not null', hfrs_5_plus='primary_diagnosis is not null',
        hfrs_over_15='primary_diagnosis is not null', admission_source='admission_source is not null',
        discharge_destination='discharge_destination is not null', discharge_ready_date='discharge_ready_date is not null',
        treatment_function='treatment_function_code is not null'),
    'ers_referrals': dict(person, priority='priority_code is not null'),
    'contract_activity': {},
    'community_contacts': dict(person, attendance='attendance_status is not null', referral_time='referral_timestamp is not null'),
    'deaths': person,
}) }}
{%- endmacro %}

{% macro core_properties() -%}
{{ return(['person', 'age', 'sex', 'small_area', 'department', 'attendance']) }}
{%- endmacro %}

{# Every property that some feed can say, in one order. #}
{% macro all_properties() -%}
{% set found = ['age', 'sex', 'small_area'] -%}
{% for properties in feed_properties().values() -%}
    {% for property in properties if property not in found -%}
        {% do found.append(property) -%}
    {% endfor -%}
{% endfor -%}
{{ return(found) }}
{%- endmacro %}

{# Why a figure is not known, worst first: of several the first is said. What each means stands in seeds/null_reasons.csv. #}
{% macro unknown_reasons() -%}
{{ return(['not_delivered', 'published_for_icb_only', 'not_recorded', 'history_too_short', 'follow_up_not_over']) }}
{%- endmacro %}

{% macro reason_rank(reason) -%}
{{ unknown_reasons().index(reason) + 1 }}
{%- endmacro %}

{% macro reason_of_rank(rank) -%}
case {{ rank }} {% for reason in unknown_reasons() %} when {{ loop.index }} then '{{ reason }}'{% endfor %} end
{%- endmacro %}

{# Whether the months near one, as far as a part of its stays may lie in them and their feed covers them, say a property too: `said` is a row
   of feed_month_properties, `found` one that tells how far the feed covers the months around. #}
{% macro is_said_nearby(said, found, reach_months) -%}
({{ said }}.months_behind >= least({{ reach_months }}, {{ found }}.months_behind)
and {{ said }}.months_ahead >= least({{ reach_months }}, {{ found }}.months_ahead))
{%- endmacro %}
