-- Which code lists each episode's codes fall in, so that no rule ever matches text row by row: the few thousand distinct codes
-- are matched to the lists once, and episodes join on whole codes.
with diagnoses as (
    select
        epikey,
        primary_diagnosis,
        {{ unnest_codes('diagnosis_codes') }} as code
    from {{ ref('episodes') }}
    where diagnosis_codes is not null
),

procedures as (
    select
        epikey,
        {{ unnest_codes('procedure_codes') }} as code
    from {{ ref('episodes') }}
    where procedure_codes is not null
),

distinct_codes as (
    select distinct
        'icd10' as code_system,
        code
    from diagnoses
    union all
    select distinct
        'opcs4' as code_system,
        code
    from procedures
),

listed_codes as (
    select distinct
        codes.code_system,
        codes.code,
        lists.list_id
    from distinct_codes as codes
    inner join {{ ref('code_lists') }} as lists
        on
            codes.code_system = lists.code_system
            and left(codes.code, length(lists.code_from)) between lists.code_from and lists.code_to
    where not lists.is_exception
),

-- a list may take single codes out of its own ranges (cancer without C44)
excepted_codes as (
    select distinct
        codes.code_system,
        codes.code,
        lists.list_id
    from distinct_codes as codes
    inner join {{ ref('code_lists') }} as lists
        on
            codes.code_system = lists.code_system
            and left(codes.code, length(lists.code_from)) between lists.code_from and lists.code_to
    where lists.is_exception
),

lists as (
    select listed_codes.*
    from listed_codes
    left join excepted_codes
        on
            listed_codes.code_system = excepted_codes.code_system
            and listed_codes.code = excepted_codes.code
            and listed_codes.list_id = excepted_codes.list_id
    where excepted_codes.code is null
)

select
    diagnoses.epikey,
    lists.list_id,
    max(case when diagnoses.code = diagnoses.primary_diagnosis then 1 else 0 end) = 1 as is_primary,
    max(case when diagnoses.code = diagnoses.primary_diagnosis then 0 else 1 end) = 1 as is_secondary
from diagnoses
inner join lists on lists.code_system = 'icd10' and diagnoses.code = lists.code
group by diagnoses.epikey, lists.list_id
union all
select
    procedures.epikey,
    lists.list_id,
    false as is_primary,
    true as is_secondary
from procedures
inner join lists on lists.code_system = 'opcs4' and procedures.code = lists.code
group by procedures.epikey, lists.list_id
