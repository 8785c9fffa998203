-- Medians of durations per area and period, from their histograms: the middle one, or the mean of the two in the middle.
with

histograms as (
    select
        cells.measure_id,
        cells.cohort_id,
        cells.duration,
        cells.events,
        areas.boundary,
        {{ month_number('cells.month') }} as month_number,
        areas.int_code,
        areas.pcn_code,
        areas.hcp_code,
        build.icb_code
    from {{ ref('duration_cells') }} as cells
    inner join {{ ref('practice_areas') }} as areas
        on cells.month = areas.month and cells.practice_code = areas.practice_code
    cross join {{ ref('build') }} as build
),

area_histograms as (
    {{ sum_to_areas(
        'histograms',
        ['boundary', 'measure_id', 'cohort_id', 'month_number', 'duration'],
        {'events': 'cast(sum(events) as bigint)'}
    ) | indent(4) }}
),

periods as (
    {% for period, width in {'month': 1, 'rolling_12_months': 12}.items() -%}
    select
        areas.boundary,
        areas.area_type,
        areas.area_code,
        areas.month,
        '{{ period }}' as period,
        histograms.measure_id,
        histograms.cohort_id,
        histograms.duration,
        cast(sum(histograms.events) as bigint) as events
    from {{ ref('indicator_areas') }} as areas
    inner join area_histograms as histograms
        on
            areas.boundary = histograms.boundary
            and areas.area_type = histograms.area_type
            and areas.area_code = histograms.area_code
            and histograms.month_number between areas.month_number - {{ width - 1 }} and areas.month_number
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

ranked as (
    select
        *,
        sum(events) over (
            partition by boundary, area_type, area_code, month, period, measure_id, cohort_id order by duration
        ) as events_up_to,
        sum(events) over (
            partition by boundary, area_type, area_code, month, period, measure_id, cohort_id
        ) as all_events
    from periods
)

select
    boundary,
    area_type,
    area_code,
    month,
    period,
    measure_id,
    cohort_id,
    cast(max(all_events) as bigint) as events,
    (
        min(duration) filter (where 2 * events_up_to >= all_events)
        + min(duration) filter (where 2 * events_up_to > all_events)
    ) / 2.0 as median
from ranked
group by boundary, area_type, area_code, month, period, measure_id, cohort_id
