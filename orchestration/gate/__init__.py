"""Acceptance, checks, the receipt and the gate. What is imported here must not import Great Expectations: it costs seconds."""

from orchestration.gate.fingerprints import note_build
from orchestration.gate.gate import Verdict, build_id, examine, judge, write_registry
from orchestration.gate.page import write_quality_page
from orchestration.gate.receipt import Receipt, read_receipt, void_receipt
from orchestration.gate.suites import accept, require_acceptance

__all__ = [
    "Receipt",
    "Verdict",
    "accept",
    "build_id",
    "examine",
    "judge",
    "note_build",
    "read_receipt",
    "require_acceptance",
    "void_receipt",
    "write_quality_page",
    "write_registry",
]
