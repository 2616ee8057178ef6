"""The standard: the organisation's requirements, in one versioned YAML document."""

from domain.standard.document import DEFAULT, RuleSettings, Setting, Standard, default_standard
from domain.standard.problems import StandardInvalid
from domain.standard.sections import SETTABLE, DefaultRoles, Exemption, Mode, Remediation, RuleSetting
from domain.standard.selector import Selector, any_matches

__all__ = [
    "DEFAULT",
    "SETTABLE",
    "DefaultRoles",
    "Exemption",
    "Mode",
    "Remediation",
    "RuleSetting",
    "RuleSettings",
    "Selector",
    "Setting",
    "Standard",
    "StandardInvalid",
    "any_matches",
    "default_standard",
]
