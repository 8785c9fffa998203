select
    point_of_delivery,
    description as point_of_delivery_name,
    coalesce(activity_group, 'other') as activity_group
from {{ ref('points_of_delivery') }}
