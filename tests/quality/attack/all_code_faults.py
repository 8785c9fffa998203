"""All faults in the code, in the order in which they are tried."""

from __future__ import annotations

from tests.quality.attack.faults_in_python import GATE_FAULTS, INGEST_FAULTS, PUBLISH_FAULTS
from tests.quality.attack.faults_in_rules import AREA_FAULTS, ATTENDANCE_FAULTS, SPEND_FAULTS, STAY_FAULTS
from tests.quality.attack.faults_in_statistics import STATISTICS_FAULTS

CODE_FAULTS = (
    *GATE_FAULTS,
    *PUBLISH_FAULTS,
    *INGEST_FAULTS,
    *STAY_FAULTS,
    *ATTENDANCE_FAULTS,
    *AREA_FAULTS,
    *SPEND_FAULTS,
    *STATISTICS_FAULTS,
)
