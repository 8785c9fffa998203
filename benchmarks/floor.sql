-- The floor: what two cores need at the very least to get the five marts' counts from the landed files.
-- One hand-written script, no checks, no lake, no restatement, no limits, no release. Placeholder: {folder}.
create temp table membership as
select practice_code, int_code
from read_csv('{folder}/**/int_membership*', all_varchar = true)
where coalesce(valid_to, '') = '';

-- the denominator
create temp table population as
select m.int_code, g.extract_date as month, sum(cast(g.number_of_patients as bigint)) as people
from read_csv('{folder}/**/gp-reg-pat-prac-quin-age*', all_varchar = true, union_by_name = true) g
join membership m on m.practice_code = g.org_code
where g.org_type = 'GP' and g.sex in ('MALE', 'FEMALE') and g.age_group_5 <> 'ALL'
group by all;

-- 1. visits per capita
create temp table visits as
select m.int_code, date_trunc('month', cast(appointment_date as date)) as month, 'gp_appointment' as setting, hcp_type as visit_type,
    count(*) filter (where appt_status = 'Attended') as visits, count(*) filter (where appt_status = 'DNA') as not_attended
from read_csv('{folder}/**/gp_appointments_2*', all_varchar = true, union_by_name = true) a
left join membership m using (practice_code)
group by all
union all
select m.int_code, date_trunc('month', cast(arrival_date as date)), 'ae_attendance', department_type,
    count(*) filter (where attendance_category in ('1', '2', '3')), 0
from read_csv('{folder}/**/ecds*', delim = '|', all_varchar = true, union_by_name = true) e
left join membership m on m.practice_code = e.practice_code_patient_registration
group by all
union all
select m.int_code, date_trunc('month', cast(apptdate as date)), 'outpatient_attendance', firstatt,
    count(*) filter (where attended in ('5', '6')), count(*) filter (where attended in ('3', '7'))
from read_csv('{folder}/**/hes_op*', delim = '|', all_varchar = true, union_by_name = true) o
left join membership m on m.practice_code = o.gpprac
group by all;

-- 2. referrals per capita
create temp table referrals as
select m.int_code, date_trunc('month', first_action) as month, specialty_cd, count(*) as referrals
from (
    select ubrn_id, any_value(registered_org_id) as practice_code, any_value(specialty_cd) as specialty_cd,
        min(cast(action_dt_tm as timestamp)) as first_action
    from read_csv('{folder}/**/ers_referrals*', all_varchar = true, union_by_name = true)
    group by ubrn_id
) r
left join membership m using (practice_code)
group by all;

-- 3. spend per capita
create temp table spend as
select m.int_code, "FINANCIAL YEAR" as financial_year, "FINANCIAL MONTH" as financial_month, "POINT OF DELIVERY CODE" as point_of_delivery,
    sum(cast("CONTRACT MONITORING ACTUAL ACTIVITY" as decimal(18, 3))) as activity,
    sum(cast("CONTRACT MONITORING ACTUAL PRICE" as decimal(18, 2))) as spend_gbp
from read_csv('{folder}/**/contract_activity*', all_varchar = true, union_by_name = true) c
left join membership m on m.practice_code = c."GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)"
group by all;

-- 4. emergency admissions and 5. readmissions
create temp table episodes as
select token_person_id as person_id, procode3 as provider_code, gpprac as practice_code, admimeth, epiorder, epistat, classpat,
    try_cast(admidate as date) as admission_date, try_cast(disdate as date) as discharge_date, dismeth, try_cast(startage as integer) as age
from read_csv('{folder}/**/hes_apc*', delim = '|', all_varchar = true, union_by_name = true);

create temp table admissions as
select m.int_code, date_trunc('month', admission_date) as month,
    case when age >= 85 then '85_plus' when age >= 75 then '75_84' when age >= 65 then '65_74' when age >= 20 then '20_64' else '0_19' end
        as age_group,
    count(*) as admissions
from episodes e
left join membership m using (practice_code)
where admimeth in ('21', '22', '23', '24', '25', '28', '2A', '2B', '2C', '2D') and try_cast(epiorder as integer) = 1 and epistat = '3'
group by all;

create temp table stays as
select person_id, provider_code, admission_date, max(discharge_date) as discharge_date, min(admimeth) as admimeth,
    any_value(practice_code) as practice_code
from episodes
where classpat = '1' and person_id is not null
group by person_id, provider_code, admission_date;

create temp table readmissions as
select m.int_code, date_trunc('month', discharge_date) as month, count(*) as discharges,
    count(*) filter (where next_admission - discharge_date < 30) as readmissions_30,
    count(*) filter (where next_admission - discharge_date < 60) as readmissions_60,
    count(*) filter (where next_admission - discharge_date < 90) as readmissions_90
from (
    select *, min(admission_date) filter (where admimeth like '2%') over (
        partition by person_id order by admission_date, provider_code rows between 1 following and unbounded following
    ) as next_admission
    from stays
) s
left join membership m using (practice_code)
where discharge_date is not null
group by all;

select 'visits' as mart, count(*) as cells, sum(visits) as total from visits
union all select 'referrals', count(*), sum(referrals) from referrals
union all select 'spend', count(*), sum(spend_gbp) from spend
union all select 'admissions', count(*), sum(admissions) from admissions
union all select 'readmissions', count(*), sum(discharges) from readmissions;
