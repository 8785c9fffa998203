select
    feed,
    is_delivered,
    is_required,
    newest_delivery,
    person_id_space
from {{ source('plan', 'feed_status') }}
