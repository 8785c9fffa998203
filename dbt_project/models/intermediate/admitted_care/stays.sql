-- Spells that are stays (never day cases or regular attenders), each with the number of the continuous inpatient spell it belongs to
-- within its person (definitions C3, C14). Stays are read in order of admission, discharge and key. The next stay continues when it
-- starts before everything earlier has ended, or within two days of that end as a transfer; the codes of the stay that ends last
-- (tie: starts last) say whether it is one.
with candidates as (
    select
        spell_key,
        -- nobody's stay is never linked to another, so it is a person of its own here
        coalesce(person_id, spell_key) as chain_key,
        person_id,
        first_epikey,
        last_epikey,
        admission_date,
        discharge_date,
        coalesce(discharge_date, cast('9999-12-31' as date)) as end_date,
        admission_method,
        admission_source,
        discharge_destination
    from {{ ref('spells') }}
    where coalesce(patient_classification, '9') not in ('2', '3', '4')
),

numbered as (
    select
        *,
        row_number() over (
            partition by chain_key order by admission_date, end_date, first_epikey, spell_key
        ) as stay_number
    from candidates
),

-- one sortable number per stay, end first, then start, then order: its running maximum is the earlier stay that ends last
keyed as (
    select
        *,
        (
            cast({{ days_between("cast('1800-01-01' as date)", 'end_date') }} as bigint) * 10000000
            + cast({{ days_between("cast('1800-01-01' as date)", 'admission_date') }} as bigint)
        ) * 100000 + stay_number as end_rank
    from numbered
),

with_latest as (
    select
        *,
        max(end_rank) over (
            partition by chain_key order by stay_number rows between unbounded preceding and 1 preceding
        ) as latest_end_rank
    from keyed
),

judged as (
    select
        this.*,
        case
            when latest.spell_key is null then 1
            when this.admission_date < latest.end_date then 0
            when
                {{ days_between('latest.end_date', 'this.admission_date') }} <= 2
                and (
                    coalesce(latest.discharge_destination in ('49', '50', '51', '52', '53', '84'), false)
                    or coalesce(this.admission_source in ('49', '50', '51', '52', '53', '87'), false)
                    or coalesce(this.admission_method in ('2B', '81'), false)
                )
                and not (
                    coalesce(latest.discharge_destination = '19', false)
                    and coalesce(this.admission_source = '51', false)
                    and coalesce(this.admission_method = '21', false)
                )
                then 0
            else 1
        end as is_start
    from with_latest as this
    left join keyed as latest
        on this.chain_key = latest.chain_key and this.latest_end_rank = latest.end_rank
)

select
    spell_key,
    person_id,
    chain_key,
    stay_number,
    sum(is_start) over (
        partition by chain_key order by stay_number rows between unbounded preceding and current row
    ) as cips_number,
    end_rank,
    admission_date,
    discharge_date
from judged
