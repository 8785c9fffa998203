-- Months in a row are one gap.
with

numbered as (
    select
        *,
        {{ month_number('month') }} - row_number() over (
            partition by gap_kind, feed, property, sender_code, area_type, area_code order by month
        ) as run_number
    from {{ ref('delivery_gaps_monthly') }}
),

gaps as (
    select
        gap_kind,
        feed,
        property,
        sender_code,
        area_type,
        area_code,
        min(month) as first_month,
        max(month) as last_month,
        cast(count(*) as integer) as months
    from numbered
    group by gap_kind, feed, property, sender_code, area_type, area_code, run_number
)

select
    gap_kind,
    feed,
    property,
    sender_code,
    area_type,
    area_code,
    first_month,
    last_month,
    months,
    concat(
        case gap_kind
            when 'month_not_covered' then concat('No delivery covers ', feed)
            when 'not_recorded' then concat(feed, ' does not say ', replace(property, '_', ' '))
            when 'sender_missing'
                then concat(
                    sender_code, ' is missing from ', feed, case when property <> '' then concat(' (', replace(property, '_', ' '), ')') else '' end,
                    ', of which ', area_code, ' usually has at least 2 in a hundred rows from it'
                )
            when 'list_without_detail' then concat('The lists of ', area_code, ' do not say ', replace(property, '_', ' '), ' of all their people')
            when 'list_of_another_month'
                then case property
                    when 'small_area' then 'A list of another quarter stands for the small areas of people'
                    else 'A list of another month stands for the number of people'
                end
        end,
        case
            when months = 1 then concat(' in ', strftime(first_month, '%B %Y'))
            else concat(' from ', strftime(first_month, '%B %Y'), ' to ', strftime(last_month, '%B %Y'))
        end,
        '.'
    ) as sentence
from gaps
