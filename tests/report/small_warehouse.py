"""A small, deterministic warehouse with the marts that the report reads: the columns of the design, invented figures.

It holds what a real month brings: a lasting change, a single odd month, a rebasing, a go-live, a practice that moves, provisional and
incomplete months, an area too small for limits, a missing figure, and names that would break careless HTML.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.foundation.warehouse import Warehouse

INDICATORS = (
    # id, title, multiplier, polarity, base rate
    ("all_visits", "All visits", 1000, "neither", 620.0),
    ("gp_appointments_attended", "GP practice appointments attended", 1000, "neither", 480.0),
    ("ae_attendances_unplanned", "Unplanned A&E attendances", 1000, "lower", 32.0),
    ("op_attendances", "Outpatient attendances", 1000, "neither", 96.0),
    ("gp_referrals_ers", "GP referrals (e-RS)", 1000, "neither", 14.0),
    ("spend_per_head", "Spend a head", 1, "neither", 71.0),
    ("emergency_admissions", "Emergency admissions", 1000, "lower", 8.2),
    (
        "emergency_overnight_medical_75_plus",
        "Overnight medical emergency admissions, 75 and over",
        100000,
        "lower",
        1450.0,
    ),
    (
        "acs_chronic_admissions",
        "Admissions for long-term conditions that care at home could avoid",
        100000,
        "lower",
        62.0,
    ),
    ("falls_admissions_65_plus", "Emergency admissions for falls, 65 and over", 100000, "lower", 160.0),
    ("readmissions_30d", "Readmission within 30 days", 100, "lower", 13.5),
    ("occupied_bed_days", "Occupied bed days", 1000, "lower", 58.0),
)
PARTNERSHIPS = (
    ("H1", "Chalk Downs Health and Care Partnership"),
    ("H2", "Estuary & Isle Health and Care Partnership"),
    ("H3", "Weald Health and Care Partnership"),
    ("H4", "Harbour Coast Health and Care Partnership"),
)
PLACES = (
    "Alder", "Ashford", "Beacon", "Birch", "Bridge", "Chalk", "Cliffe", "Coppice", "Dover", "Elm", "Fern", "Garden", "Hawthorn", "Hazel",
    "Heath", "Hop", "Juniper", "Kestrel", "Lark", "Lime", "Maple", "Marsh", "Meadow", "Mill", "Minster", "Oast", "Orchard", "Otter", "Park",
    "Pilgrim", "Poplar", "Quarry", "Reed", "River", "Rowan", "Sandling", "Stour", "Swale", "Thistle", "Tower", "Willow", "Yew",
)  # fmt: skip

DIMENSIONS = """
create table marts.dim_int as
  select 'U' || lpad(cast(n as varchar), 5, '0') as int_code,
         case when n = 2 then 'Ashford <North> & "Rural"' else name || ' Neighbourhood' end as int_name,
         'P' || n as pcn_code, name || ' PCN' as pcn_name, 'H' || (1 + n % 4) as hcp_code, partnerships[1 + n % 4] as hcp_name,
         date '2020-04-01' as valid_from, null::date as valid_to,
         case when n % 3 = 0 then date '2025-01-01' when n % 3 = 1 then date '2026-06-01' end as go_live_month,
         case when n % 3 = 0 then 9 end as months_since_go_live, true as is_current, false as is_special
  from places;
create table marts.dim_area as
  select 'int' as area_type, int_code as area_code, int_name as area_name, hcp_code as parent_code from marts.dim_int
  union all select distinct 'hcp', hcp_code, hcp_name, 'QZZ' from marts.dim_int
  union all select 'icb', 'QZZ', 'Demo Integrated Care Board', null;
create table marts.dim_month as select cast(m as date) as month from range(date '2023-10-01', $end, interval 1 month) t(m);
create table marts.dim_cohort as select * from (values
  ('all', 'Everybody', 'All people.', 'all', 'registered_population'),
  ('efi_severe', 'Severe frailty (eFI)', 'People on the list.', 'person_list', 'registered_population'),
  ('hfrs_5_plus', 'Frailty risk score 5 or more', 'Admissions of frail people.', 'event_flag', 'registered_population_75_plus')
) v(cohort_id, title, description, kind, population_measure_id);
create table marts.dim_target as select * from (values
  ('one', 'emergency_admissions', 'all', null, null, date '2023-10-01', date '2024-09-01', null, null, -5.0, date '2028-03-01'),
  ('team', 'emergency_admissions', 'all', 'int', 'U00002', null, null, null, 90.0, null, date '2026-06-01'),
  ('frail', 'emergency_admissions', 'hfrs_5_plus', null, null, date '2018-01-01', date '2018-12-01', null, null, -1.5, date '2028-03-01')
) v(target_id, indicator_id, cohort_id, area_type, area_code, baseline_from, baseline_to, baseline_value, target_value,
    target_change_pct, target_month);
create table marts.dim_practice as
  select 'P' || n as practice_code, 'Practice ' || n as practice_name, 'U' || lpad(cast(n as varchar), 5, '0') as int_code,
  'H' || (1 + n % 4) as hcp_code, 9000 as registered_population from places;
create table marts.dim_indicator as
  select indicator_id, title, 'The plain meaning of ' || lower(title) || ', in one sentence.' as definition,
         'outcome' as donabedian_type, 'What is counted' as numerator, 'Registered people' as denominator,
         'registered_population' as denominator_measure_id, 'contacts' as theme,
         case when indicator_id = 'emergency_admissions' then 'readmissions_30d' end as balancing_indicator_ids,
         multiplier, polarity, 'HES' as source, 'ICB intelligence team' as owner, '1.0' as definition_version, true as is_headline,
         display_order, 3 as expected_after_months
  from catalogue;
insert into marts.dim_indicator
  select 'not_a_headline', 'No headline', '', 'process', '', '', 'registered_population', 'cost', null,
         1000, 'neither', 'HES', 'nobody', '1.0', false, 999, null;
"""

VALUES = """
create table marts.indicator_values as
with cells as (
  select i.indicator_id, i.multiplier, i.base, i.polarity, a.area_type, a.area_code, m.month,
         row_number() over (partition by i.indicator_id, a.area_type, a.area_code order by m.month) as step,
         case a.area_type when 'int' then 30000 + 900 * (hash(a.area_code) % 40) when 'hcp' then 480000 else 2000000 end as people,
         (cast(hash(i.indicator_id, a.area_code, m.month) % 2000 as double) / 1000 - 1) as noise,
         (cast(hash(i.indicator_id, a.area_code) % 2000 as double) / 1000 - 1) as own
  from catalogue i, marts.dim_area a, marts.dim_month m
), rates as (
  select *, base * (1 + 0.12 * own * (area_type = 'int')::int + 0.05 * noise
    - case when area_code = 'U00001' and indicator_id = 'emergency_admissions' and step > 17 then 0.16 else 0 end
    + case when area_code = 'U00001' and indicator_id = 'ae_attendances_unplanned' and step = 25 then 0.35 else 0 end
    + case when area_type = 'icb' and indicator_id = 'occupied_bed_days' and step > 16 then 0.1 else 0 end) as rate
  from cells
), months as (
  select *, 'month' as period, 
         case when area_code = 'U00005' and indicator_id = 'gp_referrals_ers' and step = 9 then null else rate end as v
  from rates
), years as (
  select * replace (avg(rate) over (partition by indicator_id, area_type, area_code order by month rows 11 preceding) * 12 as rate),
         'rolling_12_months' as period,
         case when step >= 12 then avg(rate) over (partition by indicator_id, area_type, area_code order by month rows 11 preceding)
              * case when multiplier = 100 then 1 else 12 end end as v
  from rates
)
select indicator_id, 'all' as cohort_id, area_type, area_code, month, period,
       case when period = 'month' then month else cast(month - interval 11 month as date) end as period_start,
       last_day(month) as period_end, '1.0' as definition_version,
       round(v * people / multiplier) as numerator, people::double as denominator, multiplier, round(v, 6) as value,
       round(v * 0.97, 6) as value_lower_95, round(v * 1.03, 6) as value_upper_95, 'byar' as limit_method,
       round(v * 1.01, 6) as standardised_value, null::double as standardised_value_lower_95, null::double as standardised_value_upper_95,
       'esp2013' as standardisation, round(base, 6) as baseline_value,
       case when indicator_id in ('emergency_admissions', 'readmissions_30d') and period = 'month' then base * 0.95 end as target_value,
       case when indicator_id = 'emergency_admissions' then base * 0.97 end as trajectory_value, null::double as gap_to_target,
       round(base * case when period = 'month' or multiplier = 100 then 1 else 12 end, 6) as comparator_value,
       case when indicator_id = 'readmissions_30d' and month >= $end - interval 2 month then 'incomplete'
            when month = $end - interval 1 month and indicator_id in ('gp_referrals_ers', 'emergency_admissions') then 'incomplete'
            when month = $end - interval 1 month and indicator_id = 'falls_admissions_65_plus' and period <> 'month' then 'incomplete'
            when month >= $end - interval 6 month then 'provisional' else 'final' end as period_status,
       case when v is null then 'not_delivered' end as null_reason
from (select * from months union all select * from years);
-- a measure of quarters: three of team 1, of team 2 the newest withheld
insert into marts.indicator_values by name
select 'not_a_headline' as indicator_id, 'all' as cohort_id, 'int' as area_type, area_code, month, 'reported' as period,
       cast(month - interval 2 month as date) as period_start, last_day(month) as period_end,
       '1.0' as definition_version, 1000 as multiplier, 25.0 as numerator, 2000.0 as denominator, value,
       value - 3 as value_lower_95, value + 3 as value_upper_95, status as period_status,
       null_reason
from (values
  ('U00001', date '2025-03-01', 11.0, 'final', null), ('U00001', date '2025-06-01', 12.5, 'provisional', null),
  ('U00001', date '2025-09-01', 99.0, 'incomplete', null), ('U00002', date '2025-03-01', 11.0, 'final', null),
  ('U00002', date '2025-06-01', null, 'incomplete', 'withheld_small_numbers')
) as t(area_code, month, value, status, null_reason);
-- forty people on a list of frail ones; in team 4 their A&E attendances are not known; and admissions of frail people among the old
insert into marts.indicator_values by name
select * exclude (cohort_id, numerator, denominator, value, target_value, trajectory_value, null_reason),
       'efi_severe' as cohort_id, 40.0 as denominator,
       case when null_reason is null then round(value * 40 / multiplier) end as numerator,
       case when null_reason is null then round(value * 40 / multiplier) / 40 * multiplier end as value, null_reason
from (
  select * replace (case when area_code = 'U00004' and indicator_id = 'ae_attendances_unplanned' then 'not_recorded' end as null_reason)
  from marts.indicator_values
  where indicator_id in ('emergency_admissions', 'ae_attendances_unplanned', 'op_attendances', 'readmissions_30d') and value is not null
);
insert into marts.indicator_values by name
select * exclude (cohort_id, target_value, trajectory_value), 'hfrs_5_plus' as cohort_id from marts.indicator_values
where indicator_id = 'emergency_admissions' and cohort_id = 'efi_severe';
"""

SPC = """
create table marts.indicator_spc as
with months as (
  select *, row_number() over (partition by indicator_id, area_type, area_code order by month) as step,
         case when area_type = 'int' and indicator_id = 'all_visits' and month >= date '2024-12-01' then 2 else 1 end as phase
  from marts.indicator_values where period = 'month' and cohort_id = 'all'
), moves as (
  select *, abs(value - lag(value) over (partition by indicator_id, area_type, area_code, phase order by month)) as move from months
), levels as (
  select *, avg(value) filter (step <= 14 or phase = 2) over (partition by indicator_id, area_type, area_code, phase) as centre,
         avg(move) over (partition by indicator_id, area_type, area_code, phase) as moving from moves
), judged as (
  select *, centre - 2.66 * moving as lo, centre + 2.66 * moving as hi from levels
), sides as (
  select *, sum(case when value < centre then 1 else 0 end) over w as below, sum(case when value > centre then 1 else 0 end) over w as above
  from judged
  window w as (partition by indicator_id, area_type, area_code, phase order by month rows 6 preceding)
), causes as (
  select *, case when period_status = 'incomplete' or value is null then 'none' when value > hi or value < lo then 'outside_limits'
                 when below = 7 or above = 7 then 'shift' else 'none' end as cause from sides
)
select indicator_id, cohort_id, area_type, area_code, month, period, value,
       value * case when indicator_id = 'emergency_admissions' and month(month) = 1 then 0.95 else 1 end as adjusted_value,
       case when indicator_id = 'emergency_admissions' then 'own_history' else 'none' end as season_basis,
       case when area_code = 'U00003' then null else centre end as centre_line,
       case when area_code = 'U00003' then null when lo < 0 then 0 else lo end as lower_process_limit,
       case when area_code = 'U00003' then null else hi end as upper_process_limit,
       case when area_code = 'U00003' then 'none' else cause end as special_cause,
       case when cause = 'none' or area_code = 'U00003' then 'common_cause' when c.polarity = 'neither' then 'neither'
            when (value < centre) = (c.polarity = 'lower') then 'improvement' else 'concern' end as variation,
       case when target_value is null then 'no_target' when lo <= target_value and target_value <= hi then 'hit_or_miss'
            when centre < target_value then 'pass' else 'fail' end as assurance,
       phase, case when phase = 2 then 'appointment recording changed' end as phase_reason
from causes join catalogue c using (indicator_id);
"""

OTHERS = """
create table marts.indicator_funnel as
select v.indicator_id, v.cohort_id, v.area_type, v.area_code, v.month, v.period, v.numerator as observed,
       v.denominator * c.base * 12 / c.multiplier as expected,
       c.base * k as pooled_value,
       c.base * k * (1 - 1.96 * s) as lower_95, c.base * k * (1 + 1.96 * s) as upper_95, c.base * k * (1 - 3.09 * s) as lower_99_8,
       c.base * k * (1 + 3.09 * s) as upper_99_8, 0.0016 as dispersion,
       case when v.value > c.base * k * (1 + 3.09 * s) then 'high_99_8' when v.value < c.base * k * (1 - 3.09 * s) then 'low_99_8'
            else 'within' end as funnel_class
from marts.indicator_values v join catalogue c using (indicator_id),
     lateral (select case when c.multiplier = 100 then 1 else 12 end as k,
                     sqrt(1 / (v.denominator * c.base * 12 / c.multiplier) + 0.0016) as s)
where v.period = 'rolling_12_months' and v.area_type = 'int' and v.cohort_id = 'all';
create table marts.indicator_change as
select indicator_id, 'all' as cohort_id, area_type, area_code, 'year_before' as baseline_kind, '2023-10 to 2024-09' as baseline_period,
       '2024-10 to 2025-09' as current_period, 12 as months,
       case when area_code = 'U00001' then 'lower' else 'within_chance' end as verdict,
       100.0::double as baseline_value, 92.0::double as current_value,
       case when area_code = 'U00001' then -8.0::double else -1.5 end as change_pct,
       case when area_code = 'U00001' then -11.0::double else -4.0 end as change_pct_lower_95,
       case when area_code = 'U00001' then -5.0::double else 1.0 end as change_pct_upper_95, -2.0::double as comparator_change_pct,
       -0.35 as change_per_day, -0.5 as change_per_day_lower_95, -0.2 as change_per_day_upper_95, -6.0 as difference_pct_points,
       -9.0 as difference_pct_points_lower_95, -3.0 as difference_pct_points_upper_95, 'final' as period_status
from catalogue, marts.dim_area where indicator_id in ('emergency_admissions', 'ae_attendances_unplanned');
-- since go-live: team 3 for nine months, and its frail people
insert into marts.indicator_change by name
select indicator_id, cohort_id, 'int' as area_type, 'U00003' as area_code, 'go_live' as baseline_kind, baseline_period,
       current_period, months, verdict, 100.0::double as baseline_value, 92.0::double as current_value, change_pct,
       low as change_pct_lower_95, high as change_pct_upper_95,
       -2.0 as comparator_change_pct, 'provisional' as period_status
from (values
  ('emergency_admissions', 'all', '2024-01 to 2024-09', '2025-01 to 2025-09', 9, 'lower', -12.0, -20.0, -3.0),
  ('ae_attendances_unplanned', 'all', '2024-01 to 2024-11', '2025-01 to 2025-11', 11, 'within_chance', 1.5, -4.0, 7.0),
  ('readmissions_30d', 'all', '2024-01 to 2024-02', '2025-01 to 2025-02', 2, 'too_early', null, null, null),
  ('occupied_bed_days', 'all', '2024-01 to 2024-11', '2025-01 to 2025-11', 11, 'no_limits', -3.0, null, null),
  ('emergency_admissions', 'efi_severe', '2024-01 to 2024-09', '2025-01 to 2025-09', 9, 'within_chance', -6.0, -30.0, 26.0)
) t(indicator_id, cohort_id, baseline_period, current_period, months, verdict, change_pct, low, high);
create table marts.indicator_inequality as
select indicator_id, 'all' as cohort_id, area_type, area_code, 2.4 as slope_index, 1.1 as slope_index_lower_95, 3.7 as slope_index_upper_95,
       case when indicator_id = 'all_visits' then 1.02 else 1.62 end as relative_index,
       case when indicator_id = 'all_visits' then 0.94 else 1.31 end as relative_index_lower_95,
       case when indicator_id = 'all_visits' then 1.1 else 1.99 end as relative_index_upper_95
from catalogue, marts.dim_area
where indicator_id in ('all_visits', 'emergency_admissions', 'ae_attendances_unplanned') and area_code <> 'U00006';
create table marts.evaluation_plan as
select '2025-03' as wave_id, 'emergency_admissions' as indicator_id, 'all' as cohort_id, 'primary' as role, 'lower' as expected_direction,
       date '2025-02-10' as registered_on, md5('one') as row_hash, date '2025-03-01' as go_live_month, true as is_registered_before_go_live
union all select '2025-03', 'readmissions_30d', 'all', 'balancing', 'not_higher', date '2025-04-02', md5('two'), date '2025-03-01', false;
create table marts.evaluation_panel as
select 'emergency_admissions' as indicator_id, 'all' as cohort_id, int_code, date '2025-03-01' as month, false as is_used,
       'incomplete' as reason, case when int_code = 'U00003' then '2025-03' end as wave_id
from marts.dim_int;
create table marts.evaluation_effects as
select indicator_id, 'all' as cohort_id, aggregation, aggregate_key, 'log_rate' as outcome_scale, pct / 100 as effect, pct as effect_pct,
       pct - 6.0 as effect_pct_lower_95, pct + 6.0 as effect_pct_upper_95, pct - 2.0 as leave_one_out_low_pct,
       pct + 1.0 as leave_one_out_high_pct, 0.03 as permutation_p, 0.04 as same_start_p, 0.0005 as smallest_possible_p,
       4 as teams_treated, 38 as teams_control, 24 as months_before, 12 as months_after, 0.4 as pre_trend_p, 8.4 as detectable_effect_pct,
       role, false as is_registered_late, verdict
from (values ('emergency_admissions', 'primary', 'evidence_lower', -9.1::double), ('readmissions_30d', 'balancing', 'no_evidence', 1.2),
             ('all_visits', 'exploratory', 'too_early', 0.3)) as o(indicator_id, role, verdict, pct),
     (values ('simple', 'overall'), ('event', '-1'), ('event', '0'), ('event', 'overall'), ('wave', '2025-03'),
             ('wave', 'overall')) as r(aggregation, aggregate_key);
create table marts.evaluation_return as
select '2025-03' as wave_id, 'emergency_admissions' as indicator_id, 'all' as cohort_id, realisation, 'evidence_lower' as verdict,
       8200.0::double as events_avoided, 6000.0::double as events_avoided_lower_95, 9900.0::double as events_avoided_upper_95,
       'NEL' as point_of_delivery, '2016/17' as price_base, true as is_price_base_old, false as is_cashable,
       820000.00::decimal(18, 2) as gross_gbp, 69000.00::decimal(18, 2) as cost_gbp,
       (820000.00 * realisation - 69000.00)::decimal(18, 2) as net_gbp, (820000.00 * realisation / 69000.00)::double as benefit_cost_ratio
from (values (1.00::decimal(3, 2)), (0.30), (0.00)) as r(realisation);
create schema as_at;
create table marts.visits_per_capita as select int_code, month, 30000::bigint as registered_population from marts.dim_int, marts.dim_month;
create table as_at.visits_per_capita as
select int_code, month,
       case when int_code = 'U00004' and month < date '2024-11-01' then 24000 else 30000 end::bigint as registered_population
from marts.dim_int, marts.dim_month;
create table marts.spend_per_capita as
with points as (
  from (values ('NEL', 'contract', 400000), ('OPFA', 'contract', 90000), ('DRUG', 'contract', 0), ('GP_PAYMENTS', 'payment', 300000),
               ('GP_APPOINTMENT', 'unit_cost', 250000), ('GP_APPOINTMENT_UNKNOWN', 'unit_cost', null))
    as p(point_of_delivery, cost_basis, base)
), lines as (  -- payments have been published until March 2025; from then on general practice stands at unit cost
  select int_code, month, points.*, (base > 0) is distinct from false
         and cost_basis <> case when month < date '2025-04-01' then 'unit_cost' else 'payment' end as is_any
  from marts.dim_int, marts.dim_month, points where int_code <> 'U00006'
)
select int_code, month, point_of_delivery, cost_basis, case when is_any then 100 else 0 end::bigint as activity,
       case when not is_any or base is null then 0 when cost_basis = 'contract' then 90 else 100 end::bigint as activity_priced,
       case when not is_any then 0 when base is not null then base + (hash(int_code, month, point_of_delivery) % 1000) end::decimal(18, 2)
         as spend_gbp,
       null::double as spend_per_head_gbp, '2024/25' as price_year, 30000::bigint as registered_population,
       case when month >= $end - interval 1 month then 'incomplete' else 'final' end as period_status
from lines
union all
select 'UNATTRIBUTED', month, 'BLOCK', 'contract', 0, 0, 1000000, null, '2024/25', null, 'final' from marts.dim_month
  where month < $end - interval 1 month;
"""

RELEASE = """
create table marts.data_quality as select * from (values
  ('one', 'ecds', 'warn', 'warn', false, 'Fewer <than> usual'), ('two', 'hes_apc', 'block', 'pass', false, ''),
  ('three', 'community_contacts', 'block', 'not_applicable', false, ''),
  ('accept.gp_payments.has_rows', 'gp_payments', 'block', 'not_applicable', false, 'not delivered'),
  ('conservation.rows.gp_payments', 'live.gp_payments', 'block', 'pass', false, '')
) v(check_id, subject, severity, state, is_waived, message);
create table marts.restatements as select * from (values
  ('emergency_admissions', 'all', 'int', 'U00001', date '2025-05-01', 'month', 3.75, 'late records', false),
  ('emergency_admissions', 'all', 'int', 'U00001', date '2025-05-01', 'rolling_12_months', 0.4, 'late records', false)
) v(indicator_id, cohort_id, area_type, area_code, month, period, change_pct, reason, is_flagged);
"""


def write_small_warehouse(path: Path, teams: int = 6, months: int = 26, indicators: int = len(INDICATORS)) -> Path:
    """Write the file. The last month is the October 2025 of a delivery cut on its last day (26 months), later with more months."""
    end = f"(date '2023-10-01' + interval {months} month)"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set threads = 2")
        connection.execute("create schema marts")
        connection.execute(
            "create temp table catalogue(indicator_id varchar, title varchar, multiplier double, polarity varchar, base double, "
            "display_order integer)"
        )
        connection.executemany(
            "insert into catalogue values (?, ?, ?, ?, ?, ?)",
            [(*row, n) for n, row in enumerate(INDICATORS[:indicators])],
        )
        connection.execute("create temp table places(n integer, name varchar, partnerships varchar[])")
        names = [name for _, name in PARTNERSHIPS]
        connection.executemany(
            "insert into places values (?, ?, ?)", [(n, PLACES[n - 1], names) for n in range(1, teams + 1)]
        )
        for script in (DIMENSIONS, VALUES, SPC, OTHERS, RELEASE):
            connection.execute(script.replace("$end", end))
    return path


def open_small_warehouse(path: Path) -> Warehouse:
    return Warehouse(duckdb.connect(str(path), read_only=True, config={"threads": 2}))
