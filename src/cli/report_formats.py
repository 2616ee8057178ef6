"""The formats of reports."""

from typing import Literal

type ReportFormat = Literal["table", "json", "sarif", "junit", "github", "markdown", "gitlab", "csv", "asff", "ocsf"]
"""The formats of `check`. `collector` has those that need no task definition."""
