"""The standard: the organisation's requirements, in one versioned YAML document."""

from domain.standard.document import DEFAULT, Standard, default_standard
from domain.standard.problems import StandardInvalid
from domain.standard.sections import SETTABLE, Exemption, Mode
from domain.standard.selector import Selector, any_matches

__all__ = [
    "DEFAULT",
    "SETTABLE",
    "Exemption",
    "Mode",
    "Selector",
    "Standard",
    "StandardInvalid",
    "any_matches",
    "default_standard",
]
