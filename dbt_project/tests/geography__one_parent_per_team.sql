{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'intermediate.practice_areas',
    'what_to_do': 'A team lies in two networks or two partnerships on one day, so that roll-ups would count it twice: correct int_membership.',
}) }}

select
    boundary,
    month,
    int_code
from {{ ref('practice_areas') }}
where int_code <> 'NO_INT'
group by boundary, month, int_code
having count(distinct pcn_code) > 1 or count(distinct hcp_code) > 1
