"""The rules of the topic `config`, in the catalogue's order."""

from domain.rule import Rule
from rules.config import exists, well_formed

RULES: tuple[Rule, ...] = (exists.RULE, well_formed.RULE)
