-- The reported rows that count, in sums that add up whatever the kind: Σx, n and Σx² of a mean, of a net promoter score as answers worth 1,
-- 0 and -1; numerator and denominator of a proportion or rate.
select
    feed,
    measure_id,
    measure_kind,
    minimum_count,
    area_type,
    area_code,
    area_name,
    month,
    period_start,
    period_end,
    cast(case measure_kind
        when 'reported_mean' then value_sum
        when 'reported_net_promoter' then promoters - detractors
        else numerator
    end as decimal(28, 6)) as numerator,
    cast(case when measure_kind in ('reported_mean', 'reported_net_promoter') then replies else denominator end as decimal(28, 6))
        as denominator,
    cast(case measure_kind
        when 'reported_mean' then value_sum_of_squares
        when 'reported_net_promoter' then promoters + detractors
    end as decimal(28, 6)) as squares,
    -- who is behind a share is who it is a share of, where that is fewer than all who answered
    cast(case when measure_kind = 'reported_proportion' then least(replies, denominator) else coalesce(replies, denominator) end as decimal(28, 6))
        as replies,
    cast(invited as decimal(28, 6)) as invited,
    -- who answered of those whose number of invited is known
    cast(case when invited is not null then coalesce(replies, denominator) end as decimal(28, 6)) as replies_of_invited
from {{ ref('reported_judged') }}
where removed_by is null
