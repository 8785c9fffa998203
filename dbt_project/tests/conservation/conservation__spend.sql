{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.spend_per_capita',
    'what_to_do': 'Records or pounds were lost or counted twice between the events and the mart. Never publish this; tell the data engineer.',
    'is_conservation': true,
}) }}

{{ conservation(
    'spend_per_capita', ['month', 'point_of_delivery', 'cost_basis'], ['activity', 'activity_priced', 'spend_gbp'],
    'select month, point_of_delivery, cost_basis, activity, activity_priced, spend_gbp from ' ~ ref('spend_lines')
) }}
