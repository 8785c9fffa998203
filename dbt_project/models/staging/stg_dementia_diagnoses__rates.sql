-- register and estimate of an area, which come in rows of their own; sub-ICB rows repeat the ICB's
select
    'dementia_diagnosis_pct' as measure_id,
    area_type,
    area_code,
    min(area_name) as area_name,
    {{ month_start('month_end') }} as period_start,
    {{ month_end('month_end') }} as period_end,
    cast({{ agreed('value', "measure = 'DEMENTIA_REGISTER_65_PLUS'") }} as decimal(28, 6)) as numerator,
    cast({{ agreed('value', "measure = 'DEMENTIA_ESTIMATE_65_PLUS'") }} as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from (
    select
        * exclude (area_code),
        -- the workbook has England by responsibility and by residence
        case when area_code = 'E92000001' then 'ENG' else area_code end as area_code,
        case
            when upper(area_level) = 'ICB' then 'icb'
            when upper(area_level) = 'NATIONAL' or upper(area_level) like 'COUNTRY%' then 'england'
            when upper(area_level) like '%REGION%' then 'region'
            when regexp_matches(area_code, '^E(06|07|08|09|10)[0-9]{6}$') then 'council'
        end as area_type
    from {{ source('live', 'dementia_diagnoses') }}
) as delivered
where area_type is not null
group by area_type, area_code, {{ month_start('month_end') }}, {{ month_end('month_end') }}
