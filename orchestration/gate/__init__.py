"""Acceptance, checks, the receipt and the gate. What is imported here must not import Great Expectations: it costs seconds."""

from orchestration.gate.acceptance import accept, require_acceptance
from orchestration.gate.beforehand import foresee
from orchestration.gate.gate import Verdict, judge, tell_gate_is_shut, write_registry
from orchestration.gate.page import write_quality_page
from orchestration.gate.receipt import Receipt, read_receipt, void_receipt
from orchestration.gate.runner import examine

__all__ = [
    "Receipt",
    "Verdict",
    "accept",
    "examine",
    "foresee",
    "judge",
    "read_receipt",
    "require_acceptance",
    "tell_gate_is_shut",
    "void_receipt",
    "write_quality_page",
    "write_registry",
]
