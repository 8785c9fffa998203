select
    int_code,
    month,
    setting,
    visit_type,
    visits,
    not_attended,
    status_unknown,
    source,
    registered_population,
    population_basis,
    visits_per_1000,
    visits_per_1000_lower_95,
    visits_per_1000_upper_95,
    period_status,
    null_reason
from {{ ref('visits_by_boundary') }}
where boundary = 'marts'
