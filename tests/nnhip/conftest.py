"""A small home whose warehouse holds record-level events of a cohort that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.settings import Settings, load_settings
from tests.nnhip.blank_template import write_blank_template

# Cohort nnhip in October 2025: a01-a20 and b01-b03 all month, `late` from the 20th; `left` went on the 1st, `dead` died in September.
# Earlier GP records say who a01-a20 are: a01-a07 white, quintile 1, aged 39 or 40 by October; a08-a20 aged 82, Asian, quintile 5.
# b01-b03 are known only by their hospital records.
EVENTS = """
create schema intermediate;
create table intermediate.person_cohort_members as
  select 'a' || lpad(cast(n as varchar), 2, '0') as person_id, 'nnhip' as cohort_id, date '2025-01-01' as valid_from,
         date '9999-12-31' as valid_to, case when n <= 7 then 'active_case' end as status from range(1, 21) t(n)
  union all values ('b01', 'nnhip', date '2025-01-01', date '9999-12-31', null),
                   ('b02', 'nnhip', date '2025-01-01', date '9999-12-31', null),
                   ('b03', 'nnhip', date '2025-01-01', date '9999-12-31', null),
                   ('late', 'nnhip', date '2025-10-20', date '9999-12-31', 'active_case'),
                   ('left', 'nnhip', date '2025-01-01', date '2025-10-01', null),
                   ('dead', 'nnhip', date '2025-01-01', date '9999-12-31', null),
                   ('a01', 'palliative', date '2025-01-01', date '9999-12-31', null),
                   ('other', 'palliative', date '2025-01-01', date '9999-12-31', null);
create table intermediate.death_events as select 'dead' as person_id, date '2025-09-30' as event_date;
create table intermediate.gp_appointment_events as
  select person_id, date '2025-06-15' as event_date, 'attended' as status, 'other_practice_staff' as staff_group,
         case when person_id <= 'a07' then 34 else 82 end as age_years, case when person_id <= 'a07' then 'A' else 'J' end as ethnic_group,
         case when person_id <= 'a07' then 1 else 5 end as imd_quintile
  from intermediate.person_cohort_members where person_id like 'a%' and cohort_id = 'nnhip'
  union all select 'a0' || n, date '2025-10-03', 'attended', 'gp', 39 + (n % 2)::int, null, null from range(1, 8) t(n)
  union all values ('a01', date '2025-10-04', 'did_not_attend', 'gp', 39, 'A', 1), ('a01', date '2025-11-01', 'attended', 'gp', 39, 'A', 1),
                   ('other', date '2025-10-04', 'attended', 'gp', 39, 'A', 1), ('late', date '2025-10-19', 'attended', 'gp', 50, 'Z', null),
                   (null, date '2025-10-04', 'attended', 'gp', 39, 'A', 1);
create table intermediate.outpatient_appointments as
  select 'b01' as person_id, date '2025-10-07' as event_date, true as is_attended, visit_type, specialty as main_specialty_code,
         17 + n % 2 as age_years, 'B' as ethnic_group, 2 as imd_quintile
  from range(0, 20) t(n), (values ('first', '300'), ('follow_up', '950'), ('procedure', '100')) v(visit_type, specialty);
create table intermediate.ae_attendances as
  select 'b02' as person_id, date '2025-10-09' as event_date, 'ecds' as feed, department_type, arrival_mode, acuity, 95 as age_years,
         'Z' as ethnic_group, 3 as imd_quintile
  from (values ('01', '1048031000000100', '1064891000000107'), ('05', '1048081000000101', '1064891000000107'),
               (null, '1048041000000109', '1077241000000103')) v(department_type, arrival_mode, acuity), range(0, 8);
create table intermediate.spells as
  select 'b03' as person_id, date '2025-09-28' as admission_date, discharge_date, is_planning_non_elective, length_of_stay_days,
         61 as age_years, 'G' as ethnic_group, 4 as imd_quintile
  from (values (date '2025-10-01', true, 3), (date '2025-09-30', true, 2), (date '2025-10-02', false, 4), (date '2025-10-31', true, 0))
       v(discharge_date, is_planning_non_elective, length_of_stay_days), range(0, 7);
create table intermediate.community_contact_events as
  select 'a01' as person_id, date '2025-10-02' as event_date, true as is_attended, null::int as age_years from range(0, 9);
"""
PLAN = """
create schema plan;
create table plan.feed_status as select * from (values
  ('person_cohorts', true, 'pds'), ('hes_op', true, 'pds'), ('hes_apc', true, 'pds'), ('ecds', true, 'pds'),
  ('gp_appointments', true, 'pds'),
  ('community_contacts', true, 'pds')) v(feed, is_delivered, person_id_space);
create table plan.feed_coverage as select feed, month as coverage_month from plan.feed_status,
  (values (date '2025-09-01'), (date '2025-10-01')) v(month);
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(home=tmp_path / "data", threads=2)
    made.paths.create()
    for path, script in ((made.paths.warehouse_file, EVENTS), (made.paths.inputs_file, PLAN)):
        with duckdb.connect(str(path)) as connection:
            connection.execute(script)
    return made


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return write_blank_template(tmp_path / "template.xlsx")
