{# Groups of measures that share a feed and a way of dating, for `period_status`. Two feeds of one group never cover the same month. #}
{% macro status_groups() -%}
    {{ return({
        'gp_appointments': 'gp_appointments',
        'gp_appointments_published': 'gp_appointments_published',
        'online_consultations': 'online_consultations',
        'urgent_care': 'ecds',
        'urgent_care_legacy': 'hes_ae',
        'outpatients': 'hes_op',
        'referrals_hes_op': 'hes_op',
        'referrals_ers': 'ers_referrals',
        'admissions': 'hes_apc',
        'discharges': 'hes_apc',
        'contract': 'contract_activity',
        'gp_payments': 'gp_payments',
        'community': 'community_contacts',
        'deaths': 'deaths',
        'reported_measures': 'reported_measures',
    }) }}
{%- endmacro %}
