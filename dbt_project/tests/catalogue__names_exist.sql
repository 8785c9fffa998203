{{ config(meta={
    'gate': 'block',
    'owner': 'ICB intelligence team',
    'relation': 'seeds.indicator_catalogue',
    'what_to_do': 'A name in a seed leads nowhere, so that its figures would be nought or missing. Correct the seed; never publish this.',
}) }}

-- Names in the catalogue and its seeds that lead to no measure, cohort, feed, population, property or reason: a misspelt measure counts
-- nothing, and nothing looks like nought.
with measures as (
    select distinct column_name as measure_id
    from information_schema.columns
    where table_schema = 'measures'
    -- of durations the names stand in rows, of which a feed that is not delivered has none: read where they are declared
    {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | sort(attribute='name') if 'durations' in node.fqn -%}
    {% for measure_id in modules.re.findall("'(\\w+)': {'value'", node.raw_code) -%}
    union
    select '{{ measure_id }}' as measure_id
    {% endfor -%}
    {% endfor -%}
),

kinds as (
    select distinct kind
    from {{ ref('cohorts') }}
    union
    select 'person_list' as kind
),

properties as (
    {% for property in all_properties() -%}
    select '{{ property }}' as property
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

catalogue as (
    select *
    from {{ ref('indicator_catalogue') }}
    where measure_kind not like 'reported%'
),

used as (
    select
        'indicator_catalogue.numerator_measure_id' as place,
        'measure' as what,
        numerator_measure_id as name
    from catalogue
    union
    select
        'indicator_catalogue.denominator_measure_id' as place,
        'measure' as what,
        denominator_measure_id as name
    from catalogue
    union
    select
        'indicator_catalogue.cohorts' as place,
        'kind' as what,
        unnest(string_split(cohorts, ';')) as name
    from catalogue
    union
    select
        'indicator_catalogue.status_groups' as place,
        'group' as what,
        unnest(string_split(replace(status_groups, '|', ';'), ';')) as name
    from {{ ref('indicator_catalogue') }}
    union
    select
        'indicator_catalogue.balancing_indicator_ids' as place,
        'indicator' as what,
        unnest(string_split(balancing_indicator_ids, ';')) as name
    from {{ ref('indicator_catalogue') }}
    union
    select
        'indicator_targets.indicator_id' as place,
        'indicator' as what,
        indicator_id as name
    from {{ ref('indicator_targets') }}
    union
    select
        'indicator_targets.cohort_id' as place,
        'cohort' as what,
        cohort_id as name
    from {{ ref('indicator_targets') }}
    union
    select
        'cohorts.population_measure_id' as place,
        'measure' as what,
        population_measure_id as name
    from {{ ref('cohorts') }}
    union
    select
        'cohorts.cohort_id' as place,
        'property' as what,
        cohort_id as name
    from {{ ref('cohorts') }}
    where kind = 'event_flag'
    union
    select
        'measure_requirements.measure_id' as place,
        'measure' as what,
        measure_id as name
    from {{ ref('measure_requirements') }}
    union
    select
        'measure_requirements.asks' as place,
        'property' as what,
        unnest(string_split(asks, ';')) as name
    from {{ ref('measure_requirements') }}
    union
    select
        'measure_requirements.status_groups' as place,
        'group' as what,
        unnest(string_split(replace(status_groups, '|', ';'), ';')) as name
    from {{ ref('measure_requirements') }}
    union
    select
        'status_groups.feed' as place,
        'feed' as what,
        feed as name
    from {{ ref('status_groups') }}
    union
    select distinct
        'indicator_figures.null_reason' as place,
        'reason' as what,
        null_reason as name
    from {{ ref('indicator_figures') }}
),

known as (
    select
        'measure' as what,
        measure_id as name
    from measures
    union
    select
        'kind' as what,
        kind as name
    from kinds
    union
    select
        'group' as what,
        status_group as name
    from {{ ref('status_groups') }}
    union
    select
        'indicator' as what,
        indicator_id as name
    from {{ ref('indicator_catalogue') }}
    union
    select
        'cohort' as what,
        cohort_id as name
    from {{ ref('cohort_definitions') }}
    union
    select
        'property' as what,
        property as name
    from properties
    union
    select
        'feed' as what,
        feed as name
    from {{ ref('stg_plan__feed_status') }}
    union
    select
        'reason' as what,
        null_reason as name
    from {{ ref('null_reasons') }}
)

select
    used.place,
    used.what,
    used.name
from used
left join known on used.what = known.what and used.name = known.name
where used.name <> '' and known.name is null
