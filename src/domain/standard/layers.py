"""Layers: what the standard changes for some accounts, and what no layer may loosen."""

from collections.abc import Mapping
from typing import Annotated, Any

from domain.standard.accounts import Accounts
from domain.standard.part import BeforeValidator, Field, Part, field_validator
from domain.standard.sections import SETTABLE, Exemption, GivenMode, Remediation, RuleSetting, settable
from domain.standard.selector import Patterns, any_matches, one_or_many

LAYERED: dict[str, type[Part]] = {**SETTABLE, "remediation": Remediation}
"""The sections whose fields a layer may set."""


_OF_ORGANIZATION = frozenset(
    {
        "remediation.stages",
        "remediation.stop_after",
        "remediation.all_registrations_per_hour",
        "remediation.all_rollouts_per_hour",
    }
)


class Layer(Part):
    """What is different in some accounts. A layer of an account wins over one of tags, and that over one of a unit.

    Of two units the lower one wins, and a later layer over an earlier one of the same level. Entries of `rules` come
    after those of the layers above, so they win. `outrider check` and `fix` know at most the account of a task
    definition in a file: layers by unit or tags do not count there.
    """

    where: Accounts = Field(description="Which accounts.")
    mode: GivenMode | None = Field(
        default=None, description="The mode of rules for which no entry of `rules` sets one."
    )
    rules: tuple[RuleSetting, ...] = Field(default=(), description="Entries that follow those of the layers above.")
    exemptions: tuple[Exemption, ...] = Field(default=(), description="More exemptions.")
    set: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Fields of `collector`, `applications`, `roles`, `services`, `configuration` and `remediation`:"
        " `collector: {cpu: 512}`. The other fields stay. `remediation.stages`, `stop_after`,"
        " `all_registrations_per_hour` and `all_rollouts_per_hour` are for all accounts: no layer sets them. Fields of"
        " `collector` do not reach what an entry of `collectors` selects, which is a whole collector of its own; `set`"
        " of an entry of `rules` does.",
    )

    @field_validator("set")
    @classmethod
    def _known(cls, value: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        return settable(value, LAYERED, _OF_ORGANIZATION)


class Locked(Part):
    """What no layer and no owner of an account may loosen."""

    rules: Patterns = Field(
        default=(),
        description="Rule ids: `sidecar.*`. A layer may only make them stricter; for these rules, settings keep the"
        " organisation's values.",
    )
    settings: Annotated[tuple[str, ...], BeforeValidator(one_or_many, tuple[str, ...] | str)] = Field(
        default=(),
        description="Fields that a layer may only make stricter, for all rules: `collector.minimum_release`. A"
        " field without an order, such as a name, keeps the organisation's value.",
    )

    @field_validator("settings")
    @classmethod
    def _existing(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            section, _, field = name.partition(".")
            if section not in LAYERED or field not in LAYERED[section].__dataclass_fields__:  # type: ignore[attr-defined] # a dataclass
                raise ValueError(f"fields such as collector.minimum_release; {name[:60]} is none")
        return value

    def holds(self, rule: str) -> bool:
        """Whether a rule is locked."""
        return any_matches(self.rules, rule)


class OwnerExemptions(Part):
    """From which rules owners of an account may exempt their workloads, by a parameter in their account."""

    rules: Patterns = Field(
        default=(), description="Rule ids: `sidecar.*`. Empty for none. Locked rules are never among them."
    )
    days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="How long an exemption may last: days from the writing of the parameter to its last day.",
    )
