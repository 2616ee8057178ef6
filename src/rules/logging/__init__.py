"""The rules of the topic `logging`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
