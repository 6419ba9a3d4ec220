"""What a deployer may choose, and which parts of a template depend on it.

A choice is a parameter that conditions compare, or one without a default whose allowed values
stand in resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.template.document import Json, Template, as_text
from pcistack.template.uses import parameters_of_conditions, uses
from pcistack.template.view import UNKNOWN, Unknown

_MOST_VALUES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterValues:
    """The values of a parameter that are looked at.

    Attributes:
        values: The values; the first is the default, or stands for it.
        telling: How many of the first ones tell the conditions apart; the rest only differ where
            the parameter itself stands.
        has_default: Whether the first value is what the template takes without a choice.
    """

    values: Sequence[Json | Unknown]
    telling: int
    has_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The choices of a template.

    Attributes:
        options: What each parameter can be, in the template's order.
        direct: Choices that each resource depends on by itself.
        near: These, and those that the resources it refers to depend on by themselves.
    """

    options: Mapping[str, ParameterValues]
    direct: Mapping[str, frozenset[str]]
    near: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls,
        template: Template,
        base: Mapping[str, Json | Unknown],
        given: Mapping[str, Json | Unknown],
    ) -> Choices:
        """Find the choices of a template.

        Args:
            template: The template.
            base: Value of every parameter without a choice.
            given: Values that a caller decides; no choice is left there unless it is unknown.
        """
        free = {name for name in base if name not in given or isinstance(given[name], Unknown)}
        deciding, standing, targets = _dependences(template, free)
        compared = _compared(template)
        decided = set().union(*deciding.values()) if deciding else set()
        stands = set().union(*standing.values()) if standing else set()
        options: dict[str, ParameterValues] = {}
        for name in base:
            if name in decided:
                found = _telling(template, name, base[name], compared.get(name, []))
            elif name in stands and isinstance(base[name], Unknown) and name not in given:
                found = _standing(template, name)
            else:
                continue
            if len(found.values) > 1 or (found.values and isinstance(base[name], Unknown)):
                options[name] = found
        direct = {
            resource: frozenset(
                name for name in deciding[resource] | standing[resource] if name in options
            )
            for resource in deciding
        }
        near = {
            resource: own.union(*(direct.get(target, frozenset()) for target in targets[resource]))
            for resource, own in direct.items()
        }
        return cls(options=options, direct=direct, near=near)


def default_of(declaration: Json) -> Json | Unknown:
    """Return what a parameter is without a choice; unknown if it has to be given."""
    if not isinstance(declaration, dict) or "Default" not in declaration:
        return UNKNOWN
    kind = str(declaration.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter::"):
        return UNKNOWN  # the default is the name of the stored value, not the value
    default = declaration["Default"]
    if isinstance(default, str) and (kind == "CommaDelimitedList" or kind.startswith("List<")):
        return [part.strip() for part in default.split(",")]
    return default


_Names = dict[str, frozenset[str]]


def _dependences(template: Template, free: set[str]) -> tuple[_Names, _Names, _Names]:
    """Return, by resource: what its conditions depend on, what stands in it, what it refers to."""
    of_condition = parameters_of_conditions(template.section("Conditions"))
    deciding: _Names = {}
    standing: _Names = {}
    targets: _Names = {}
    for name, raw in template.resources.items():
        used = template.uses(name)
        conditions = [*used.conditions, *([raw.condition] if raw.condition else [])]
        depends = raw.body.get("DependsOn")
        after = depends if isinstance(depends, list) else [depends]
        deciding[name] = frozenset().union(
            *(of_condition.get(condition, frozenset()) & free for condition in conditions)
        )
        standing[name] = frozenset(used.names) & free
        targets[name] = frozenset(
            other
            for other in (*used.names, *(each for each in after if isinstance(each, str)))
            if other in template.resources
        )
    return deciding, standing, targets


def _compared(template: Template) -> dict[str, list[Json] | None]:
    """Map each parameter to the literals it is compared with; None where it is used otherwise."""
    compared: dict[str, list[Json] | None] = {}
    for node in _objects(list(template.section("Conditions").values())):
        pair = node.get("Fn::Equals")
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        for this, other in (pair, pair[::-1]):
            names = uses({"": this}).names
            is_plain = isinstance(this, dict) and isinstance(this.get("Ref"), str)
            for name in names:
                known = compared.setdefault(name, [])
                if not is_plain or isinstance(other, dict | list):
                    compared[name] = None
                elif known is not None and other not in known:
                    known.append(other)
    return compared


def _objects(node: Json) -> Iterator[dict[str, Json]]:
    """Yield every object at or below a node."""
    waiting: list[Json] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _telling(
    template: Template, name: str, default: Json | Unknown, literals: list[Json] | None
) -> ParameterValues:
    """Return the values of a parameter that tell its conditions apart, the default first."""
    allowed = _allowed(template, name)
    has_default = not isinstance(default, Unknown)
    if not allowed:
        found: list[Json | Unknown] = [default] if has_default else []
        found += [value for value in literals or [] if value not in found]
        if len(found) <= 1 or not has_default:
            found.append(f"<{name}>")  # stands for every value that the conditions do not name
        return ParameterValues(values=found, telling=len(found), has_default=has_default)
    first = default if has_default else allowed[0]
    named = None if literals is None else {as_text(value) for value in literals}
    telling: list[Json | Unknown] = [first]
    rest: list[Json | Unknown] = []
    other_is_there = named is not None and as_text(first) not in named
    for value in allowed:
        if value == first:
            continue
        if named is None or as_text(value) in named:
            telling.append(value)
        elif not other_is_there:
            other_is_there = True
            telling.append(value)
        else:
            rest.append(value)
    values = telling if has_default else [*telling, *rest]
    return ParameterValues(values=values, telling=len(telling), has_default=has_default)


def _standing(template: Template, name: str) -> ParameterValues:
    """Return every allowed value of a parameter that has to be given."""
    return ParameterValues(values=_allowed(template, name), telling=1, has_default=False)


def _allowed(template: Template, name: str) -> list[Json]:
    declaration = template.section("Parameters").get(name)
    if not isinstance(declaration, dict) or str(declaration.get("Type", "")).startswith("AWS::SSM"):
        return []
    allowed = declaration.get("AllowedValues")
    scalars = allowed if isinstance(allowed, list) else []
    return [value for value in scalars[:_MOST_VALUES] if isinstance(value, str | int | float)]
