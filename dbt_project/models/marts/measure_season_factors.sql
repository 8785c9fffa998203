select
    indicator_id,
    month_of_year,
    season_basis,
    season_factor,
    estimated_factor,
    p_value,
    dispersion,
    months_judged,
    series
from {{ ref('season_factors') }}
