-- How many days of each class a month has: Monday to Sunday (1 to 7), and bank holidays (8) whatever weekday they are.
select
    series.month,
    {{ day_class('series.day', 'holidays.date') }} as day_class,
    cast(count(*) as integer) as days
from (
    select
        month,
        cast(unnest(generate_series(month, month_end, interval 1 day)) as date) as day
    from {{ ref('months') }}
) as series
left join {{ ref('bank_holidays') }} as holidays on series.day = holidays.date
group by all
