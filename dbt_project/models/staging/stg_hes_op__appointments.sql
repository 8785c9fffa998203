select
    attendkey,
    person_id,
    provider_code,
    site_code,
    apptdate as appointment_date,
    {{ month_start('apptdate') }} as appointment_month,
    age_years,
    {{ age_band('age_years') }} as age_band,
    sex,
    ethnic_group,
    {{ usable_practice_code('practice_code') }} as practice_code,
    lsoa11 as lsoa_code,
    attended as attendance_status,
    firstatt as first_attendance,
    outcome,
    priority,
    refsourc as referral_source,
    -- WAIT_IND names why a request date cannot be used; 1 to 3 and 5 are about the request date itself
    case
        when coalesce(wait_ind, '0') not in ('1', '2', '3', '5') and reqdate >= cast('1970-01-01' as date) and reqdate <= apptdate
            then reqdate
    end as request_date,
    referorg as referring_organisation_code,
    mainspef as main_specialty_code,
    tretspef as treatment_function_code,
    servtype as service_type,
    stafftyp as staff_type,
    primary_procedure,
    procedure_codes,
    hrg
from {{ source('live', 'hes_op') }}
