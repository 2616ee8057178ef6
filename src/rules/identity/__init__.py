"""The rules of the topic `identity`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
