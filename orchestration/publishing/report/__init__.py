"""The report of a release: a page for the ICB, each partnership and each neighbourhood team, readable with no network."""

from __future__ import annotations

from orchestration.publishing.report.pages import write_report

__all__ = ["write_report"]
