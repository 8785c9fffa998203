-- What each team cost in a month and which parts of its structure stand, as the programme returns it (feed int_programme).
select
    int_code,
    month,
    cost_gbp,
    has_named_lead,
    named_lead_from,
    has_shared_record,
    shared_record_from,
    has_multidisciplinary_meeting,
    multidisciplinary_meeting_from,
    has_shared_premises,
    shared_premises_from
from {{ ref('stg_int_programme__months') }}
