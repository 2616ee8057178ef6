"""The rules of the topic `service`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
