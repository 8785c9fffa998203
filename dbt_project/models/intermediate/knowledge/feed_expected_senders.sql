-- Which senders a month that a feed covers should come from, and whether they sent it (definitions E2). Expected: rows in at least 6 of
-- the 12 months before, 20 a month in the median, so that nothing is not chance; around a hole, the months after it count too. Received:
-- at least a tenth of that median. A practice is expected while it has a list. The same is asked of what the rows say (`property`): a
-- row for each property that a sender usually says and now does not.
with

counts as (
    {% for sender, column in {'provider': 'provider_code', 'practice': 'practice_code'}.items() -%}
    {% set sender_loop = loop -%}
    {% for property in ['rows'] + all_properties() -%}
    select
        cells.feed,
        {{ month_number('cells.month') }} as month_number,
        '{{ sender }}' as sender_kind,
        cells.{{ column }} as sender_code,
        '{{ property }}' as property,
        sum(cells.{{ 'rows_sent' if property == 'rows' else 'says_' ~ property }}) as rows_sent
    from {{ ref('feed_cells') }} as cells
    where
        cells.{{ column }} is not null
        {%- if sender == 'practice' %}
        and cells.practice_code in (select practice_code from {{ ref('icb_practices') }})
        {%- endif %}
    group by cells.feed, cells.month, cells.{{ column }}
    having sum(cells.{{ 'rows_sent' if property == 'rows' else 'says_' ~ property }}) > 0
    {{ 'union all' if not (loop.last and sender_loop.last) }}
    {% endfor -%}
    {% endfor %}
),

-- senders that ever sent enough, in every month that the feed covers
regular as (
    select
        feed,
        sender_kind,
        sender_code,
        property,
        max(rows_sent) as most_sent
    from counts
    group by feed, sender_kind, sender_code, property
    having count(*) >= 6 and max(rows_sent) >= 20
),

covered as (
    select
        feed,
        month,
        {{ month_number('month') }} as month_number
    from {{ ref('feed_months') }}
    where is_covered
),

-- of a property only what was not received is told: a tenth of the most ever sent is a tenth of every median
months as (
    select
        regular.*,
        covered.month,
        covered.month_number,
        counts.rows_sent
    from regular
    inner join covered on regular.feed = covered.feed
    left join counts
        on
            regular.feed = counts.feed
            and regular.sender_kind = counts.sender_kind
            and regular.sender_code = counts.sender_code
            and regular.property = counts.property
            and covered.month_number = counts.month_number
    where regular.property = 'rows' or coalesce(counts.rows_sent, 0) < 0.1 * regular.most_sent
),

history as (
    select
        months.feed,
        months.month,
        months.sender_kind,
        months.sender_code,
        months.property,
        months.rows_sent,
        count(case when counts.month_number < months.month_number then 1 end) as months_before,
        count(case when counts.month_number > months.month_number then 1 end) as months_after,
        median(case when counts.month_number < months.month_number then counts.rows_sent end) as usual_before,
        median(case when counts.month_number <> months.month_number then counts.rows_sent end) as usual_around
    from months
    inner join counts
        on
            months.feed = counts.feed
            and months.sender_kind = counts.sender_kind
            and months.sender_code = counts.sender_code
            and months.property = counts.property
            and counts.month_number between months.month_number - 12 and months.month_number + 12
    group by months.feed, months.month, months.sender_kind, months.sender_code, months.property, months.rows_sent
),

expected as (
    select
        *,
        coalesce(rows_sent, 0) >= 0.1 * case when months_before >= 6 then usual_before else usual_around end as is_received
    from history
    where
        (months_before >= 6 and usual_before >= 20)
        or (months_before >= 1 and months_after >= 1 and months_before + months_after >= 6 and usual_around >= 20)
),

lists as (
    select distinct
        month,
        practice_code
    from {{ ref('registered_population') }}
),

found as (
    select
        expected.feed,
        expected.month,
        expected.sender_kind,
        expected.sender_code,
        expected.property,
        expected.is_received
    from expected
    left join lists on expected.sender_code = lists.practice_code and expected.month = lists.month
    where
        (expected.property = 'rows' or not expected.is_received)
        and (
            expected.sender_kind = 'provider'
            or lists.practice_code is not null
            -- of a list itself, only a hole between two lists is known to be one
            or (expected.feed = 'gp_registrations' and expected.months_after >= 1)
        )
    union all
    select
        feed,
        coverage_month as month,
        'provider' as sender_kind,
        provider_code as sender_code,
        'rows' as property,
        is_received
    from {{ ref('stg_plan__expected_providers') }}
)

-- a provider that the settings name and that usually sends is one
select
    feed,
    month,
    sender_kind,
    sender_code,
    property,
    min(case when is_received then 1 else 0 end) = 1 as is_received
from found
group by feed, month, sender_kind, sender_code, property
