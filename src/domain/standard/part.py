"""The sections of the standard as plain frozen classes, and the pydantic models that read them.

A section is declared once, in pydantic's own terms. Reading a document takes the model of it, which is made when it is
first needed; what comes out are the plain classes, so that nothing else loads pydantic, which takes a third of a start.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from dataclasses import Field as DataclassField
from functools import reduce
from operator import or_
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeAliasType,
    dataclass_transform,
    get_args,
    get_origin,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

type Refine = Callable[..., Any]


def Field(*, default: Any = MISSING, default_factory: Any = MISSING, **limits: Any) -> Any:  # noqa: N802 - as pydantic's
    """Declare a field; `limits` are those that pydantic's Field takes."""
    return field(default=default, default_factory=default_factory, metadata=limits)


@dataclass(frozen=True, slots=True)
class AfterValidator:
    """Within an Annotated: what checks a value, by ValueError."""

    check: Refine


@dataclass(frozen=True, slots=True)
class BeforeValidator:
    """Within an Annotated: what changes a value before it is read, and the form of what a document may give."""

    change: Refine
    given: Any


@dataclass(frozen=True, slots=True)
class WithJsonSchema:
    """Within an Annotated: the JSON Schema of the values."""

    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Validator:
    """One of pydantic's decorators, to be applied when the model is made."""

    decorator: Literal["field_validator", "model_validator"]
    names: tuple[str, ...]
    options: Mapping[str, Any]
    method: Any


def field_validator(*names: str, **options: Any) -> Refine:
    """Declare a class method that checks or changes the values of these fields."""
    return lambda method: _Validator("field_validator", names, options, method)


def model_validator(**options: Any) -> Refine:
    """Declare a class method that checks or changes a whole section."""
    return lambda method: _Validator("model_validator", (), options, method)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Part:
    """One section of the standard. Its methods have the names that pydantic's models use."""

    validators: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        cls.validators = {name: value for name, value in vars(cls).items() if isinstance(value, _Validator)}
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def model_validate(cls, content: object) -> Self:
        """Return a section read from a document; raise pydantic's ValidationError for what is wrong."""
        return _plain(model_of(cls).model_validate(content))  # type: ignore[no-any-return] # of this class

    @property
    def model_fields_set(self) -> frozenset[str]:
        """The fields that the document names."""
        found: frozenset[str] = self.__dict__.get("_named", frozenset())
        return found

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Return a copy with other values."""
        return _named(replace(self, **update), {*self.model_fields_set, *update})  # type: ignore[type-var] # a dataclass

    def model_dump(self, *, exclude_defaults: bool = False) -> dict[str, Any]:
        """Return the values as a dict, those of sections within too."""
        values = asdict(self)  # type: ignore[call-overload] # a dataclass
        return {name: value for name, value in values.items() if not exclude_defaults or value != _default(self, name)}


def _default(part: Part, name: str) -> Any:
    declared: DataclassField[Any] = part.__dataclass_fields__[name]  # type: ignore[attr-defined] # a dataclass
    if declared.default_factory is not MISSING:
        return declared.default_factory()
    return declared.default


def _named[P: Part](part: P, names: Iterable[str]) -> P:
    part.__dict__["_named"] = frozenset(names)
    return part


# --- the models -------------------------------------------------------------------------------------------------------


def model_of(part: type[Part]) -> "type[BaseModel]":
    """Return the pydantic model of a section."""
    model = _MODEL_OF.get(part)
    if model is None:
        model = _MODEL_OF[part] = _model_of(part)
        _PART_OF[model] = part
    return model


def _model_of(part: type[Part]) -> "type[BaseModel]":
    import pydantic  # noqa: PLC0415 - only to read a standard, or to describe one

    above = part.__bases__[0]
    base: Any = pydantic.create_model("Part", __config__=_CONFIG) if above is Part else model_of(above)
    members: dict[str, Any] = {
        each.name: (_annotation(part.__annotations__[each.name]), _real(each, default=_default_of(each)))
        for each in fields(part)  # type: ignore[arg-type] # a dataclass
        if each.name in part.__annotations__
    }
    validators = {
        name: getattr(pydantic, each.decorator)(*each.names, **_options(each.options))(each.method)
        for name, each in part.validators.items()
    }
    made: type[BaseModel] = pydantic.create_model(
        part.__name__, __base__=base, __doc__=part.__doc__, __validators__=validators, **members
    )
    return made


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _annotation(value) if name == "json_schema_input_type" else value for name, value in given.items()}


_CONFIG: Any = {"defer_build": True, "extra": "forbid", "frozen": True, "str_strip_whitespace": True}
_MODEL_OF: "dict[type[Part], type[BaseModel]]" = {}
_PART_OF: dict[type, type[Part]] = {}


def _default_of(declared: DataclassField[Any]) -> Any:
    value = declared.default
    return model_of(type(value)).model_construct() if isinstance(value, Part) else value


def _real(declared: DataclassField[Any], default: Any = MISSING) -> Any:
    import pydantic  # noqa: PLC0415 - as above

    given = dict(declared.metadata)
    if default is not MISSING:
        given["default"] = default
    if declared.default_factory is not MISSING:
        given["default_factory"] = declared.default_factory
    return pydantic.Field(**given)


def _annotation(form: Any) -> Any:
    """Return an annotation with models for sections, and with pydantic's own marks."""
    if isinstance(form, type) and issubclass(form, Part):
        return model_of(form)
    if isinstance(form, TypeAliasType):
        return _alias(form)
    origin, inner = get_origin(form), get_args(form)
    if hasattr(form, "__metadata__"):
        return _annotated(form)
    if not inner or origin is Literal:
        return form
    made = tuple(_annotation(each) for each in inner)
    if made == inner:
        return form
    if origin is UnionType:
        return reduce(or_, made)
    return form.copy_with(made) if hasattr(form, "copy_with") else origin[made]


def _alias(form: TypeAliasType) -> TypeAliasType:
    if form not in _ALIASES:
        _ALIASES[form] = TypeAliasType(form.__name__, _annotation(form.__value__))
    return _ALIASES[form]


_ALIASES: dict[TypeAliasType, TypeAliasType] = {}


def _annotated(form: Any) -> Any:
    import pydantic  # noqa: PLC0415 - as above

    made = _annotation(form.__origin__)
    for mark in form.__metadata__:
        match mark:
            case AfterValidator(check):
                made = Annotated[made, pydantic.AfterValidator(_checked(check))]
            case BeforeValidator(change, given):
                made = Annotated[made, pydantic.BeforeValidator(change, json_schema_input_type=_annotation(given))]
            case WithJsonSchema(schema):
                made = Annotated[made, pydantic.WithJsonSchema(dict(schema))]
            case DataclassField():
                made = Annotated[made, _real(mark)]
            case _:
                made = Annotated[made, mark]
    return made


def _checked(check: Refine) -> Refine:
    """Give a check the plain section; the model keeps its own."""

    def checking(value: Any) -> Any:
        plain = _plain(value)
        found = check(plain)
        return value if plain is not value else found

    return checking


def _plain(value: Any) -> Any:
    """Return a model's values as sections."""
    part = _PART_OF.get(type(value))
    if part is not None:
        given = {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        return _named(part(**given), value.model_fields_set)
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value
