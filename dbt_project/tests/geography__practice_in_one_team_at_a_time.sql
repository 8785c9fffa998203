{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'staging.stg_int_membership__memberships',
    'what_to_do': 'A practice belongs to two teams on the same day: correct valid_from and valid_to in int_membership and send it again.',
}) }}

select
    earlier.practice_code,
    earlier.int_code as first_int_code,
    later.int_code as second_int_code,
    later.valid_from
from {{ ref('stg_int_membership__memberships') }} as earlier
inner join {{ ref('stg_int_membership__memberships') }} as later
    on
        earlier.practice_code = later.practice_code
        and later.valid_from >= earlier.valid_from
        and later.valid_from < earlier.valid_to
        and (
            earlier.int_code <> later.int_code
            or earlier.valid_from <> later.valid_from
            or earlier.valid_to <> later.valid_to
        )
where later.valid_from > earlier.valid_from or later.int_code > earlier.int_code or later.valid_to > earlier.valid_to
