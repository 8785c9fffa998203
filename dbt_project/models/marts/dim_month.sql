select
    month,
    month_end,
    concat(
        case extract(month from month)
            {% for name in ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] -%}
            when {{ loop.index }} then '{{ name }}'
            {% endfor %}
        end,
        ' ', cast(extract(year from month) as varchar(4))
    ) as month_name,
    days,
    cast(extract(year from month) as integer) as calendar_year,
    financial_year,
    cast(floor(mod(extract(month from month) + 8, 12) / 3) + 1 as integer) as financial_quarter,
    is_data_cut_month
from {{ ref('months') }}
