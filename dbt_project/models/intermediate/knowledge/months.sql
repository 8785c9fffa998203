with series as (
    {{ month_series('first_month', 'last_month', ref('stg_plan__build')) }}
)

select
    series.month,
    {{ month_end('series.month') }} as month_end,
    cast(extract(day from {{ month_end('series.month') }}) as integer) as days,
    {{ financial_year('series.month') }} as financial_year,
    {{ financial_year_start('series.month') }} as financial_year_start,
    build.data_cut,
    series.month = {{ month_start('build.data_cut') }} as is_data_cut_month
from series
cross join {{ ref('stg_plan__build') }} as build
