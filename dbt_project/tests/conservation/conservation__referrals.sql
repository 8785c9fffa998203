{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.referrals_per_capita',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

{{ conservation(
    'referrals_per_capita', ['month', 'source', 'specialty_code'], ['referrals'],
    'select event_month as month, source, specialty_code, 1 as referrals from ' ~ ref('referral_events')
    ~ ' where ' ~ covered('event_month', "case source when 'ers' then 'referrals_ers' else 'referrals_hes_op' end")
) }}
