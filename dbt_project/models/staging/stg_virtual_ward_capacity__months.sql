-- patients on virtual wards of the beds there are; of the rows without a code one is England's, and any other has its name for a code, which
-- is no area's here, so that it is counted among other places
with placed as (
    select
        *,
        area_code is null and upper(trim(area_name)) like 'ENGLAND%' as is_england
    from {{ source('live', 'virtual_ward_capacity') }}
    where month is not null and patients is not null and capacity_beds is not null
)

select
    'virtual_ward_occupancy_pct' as measure_id,
    case when is_england then 'england' else 'icb' end as area_type,
    case when is_england then 'ENG' else coalesce(area_code, trim(area_name)) end as area_code,
    trim(area_name) as area_name,
    month as period_start,
    {{ month_end('month') }} as period_end,
    cast(patients as decimal(28, 6)) as numerator,
    cast(capacity_beds as decimal(28, 6)) as denominator,
    {{ no_answers() }}
from placed
where area_code is not null or area_name is not null
