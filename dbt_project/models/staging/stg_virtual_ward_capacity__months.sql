-- patients on virtual wards of the beds there are; a row without a code is England's or a region's
select
    'virtual_ward_occupancy_pct' as measure_id,
    case when area_code is not null then 'icb' else 'england' end as area_type,
    coalesce(area_code, 'ENG') as area_code,
    trim(area_name) as area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(patients as decimal(28, 6)) as numerator,
    cast(capacity_beds as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from {{ source('live', 'virtual_ward_capacity') }}
where
    month is not null and patients is not null and capacity_beds is not null
    and (area_code is not null or upper(area_name) like 'ENGLAND%')
