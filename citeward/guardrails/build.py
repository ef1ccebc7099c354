"""Guards from a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from citeward.contracts.guardrail import Guardrail
from citeward.errors import ModelUnavailable, ProjectError
from citeward.guardrails.injection import InjectionGuard
from citeward.guardrails.length import LengthGuard, LengthOptions
from citeward.guardrails.pii import PiiGuard, PiiOptions
from citeward.guardrails.policy import Rails, Row
from citeward.guardrails.table import GuardRule, Policy, load_policy

Factory: TypeAlias = Callable[[GuardRule, Policy], Guardrail]
"""Makes a guard from its row of the table."""

O = TypeVar("O", bound=BaseModel)  # noqa: E741


def build_rails(policy: Policy | None = None, *, factories: Mapping[str, Factory] | None = None) -> Rails:
    """The policy's guards, ready to check; None takes the default policy. Nothing heavy is imported yet.

    Args:
        policy: What `load_policy` gave.
        factories: A team's own guards, by the name that the table gives them; one of ours may be replaced.

    Raises ProjectError, with file and line, where a row names an unknown guard or options that do not fit.
    """
    policy = policy or load_policy()
    known = {**_BUILT_IN, **(factories or {})}
    rows: list[Row] = []
    for rule in policy.guards:
        factory = known.get(rule.name)
        if factory is None:
            raise ProjectError(
                f"there is no guard {rule.name!r}",
                hint=f"name one of {', '.join(sorted(known))}, or pass a factory for it to build_rails",
                path=policy.source,
                line=policy.line(rule.name),
            )
        rows.append(Row(guard=factory(rule, policy), rule=rule))
    return Rails(policy, rows)


def options(rule: GuardRule, policy: Policy, model: type[O]) -> O:
    """A row's options as `model`; raises ProjectError where they do not fit. For factories."""
    try:
        return model.model_validate(rule.options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(["options", *map(str, first["loc"])])
        raise ProjectError(
            f"the guard {rule.name!r}, {place}: {first['msg']} (it says {first['input']!r})",
            hint=f"its options are: {', '.join(model.model_fields) or 'none'}",
            path=policy.source,
            line=policy.line(rule.name),
        ) from error


def _length(rule: GuardRule, policy: Policy) -> Guardrail:
    chosen = options(rule, policy, LengthOptions)
    return LengthGuard(rule.origins, limit=chosen.max_chars or policy.max_input_chars, name=rule.name)


def _pii(rule: GuardRule, policy: Policy) -> Guardrail:
    try:
        return PiiGuard(rule.origins, options(rule, policy, PiiOptions), name=rule.name)
    except ModelUnavailable as error:
        raise ProjectError(
            f"the guard {rule.name!r}: {error.message}",
            hint=error.hint,
            path=policy.source,
            line=policy.line(rule.name),
        ) from error


class _NoOptions(BaseModel, extra="forbid"):
    pass


def _injection(rule: GuardRule, policy: Policy) -> Guardrail:
    options(rule, policy, _NoOptions)
    return InjectionGuard(rule.origins, name=rule.name)


_BUILT_IN: dict[str, Factory] = {"length": _length, "pii": _pii, "injection": _injection}
