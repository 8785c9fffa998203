-- The groups of measures whose months an indicator stands on. All requirements must be met; any of a requirement's groups meets it:
-- GP appointments come at record level or published, A&E in two data sets.
select
    requirements.indicator_id,
    requirements.requirement,
    unnest(string_split(requirements.requirement, '|')) as status_group
from (
    select
        indicator_id,
        unnest(string_split(status_groups, ';')) as requirement
    from {{ ref('indicator_catalogue') }}
) as requirements
