{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'marts.readmissions',
    'what_to_do': 'A longer window must hold at least as many readmissions of the same discharges: a fault in the models; tell the data engineer.',
}) }}

select
    shorter.int_code,
    shorter.month,
    shorter.window_days
from {{ ref('readmissions') }} as shorter
inner join {{ ref('readmissions') }} as longer
    on shorter.int_code = longer.int_code and shorter.month = longer.month and longer.window_days = shorter.window_days + 30
where longer.readmissions < shorter.readmissions or longer.discharges <> shorter.discharges
