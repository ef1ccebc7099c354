"""Guards from a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from citeward.contracts.guardrail import Guardrail, Verifier
from citeward.contracts.retrieval import Embedder
from citeward.errors import ModelUnavailable, ProjectError
from citeward.guardrails.active.links import LinkGuard, LinkOptions
from citeward.guardrails.grounding import GroundingGuard, GroundingOptions
from citeward.guardrails.hosted.guard_model import GuardModel, GuardModelOptions
from citeward.guardrails.hosted.moderation import ModerationGuard, ModerationOptions
from citeward.guardrails.injection.guard import InjectionGuard, InjectionOptions
from citeward.guardrails.length import LengthGuard, LengthOptions
from citeward.guardrails.pii.guard import PiiGuard, PiiOptions
from citeward.guardrails.policy import Rails, Row
from citeward.guardrails.table import GuardRule, Policy, load_policy
from citeward.guardrails.toxicity.guard import ToxicityGuard, ToxicityOptions
from citeward.guardrails.withheld.leakage import LeakageGuard, LeakageOptions
from citeward.guardrails.withheld.secrets import SecretsGuard, SecretsOptions

Factory: TypeAlias = Callable[[GuardRule, Policy], Guardrail]
"""Makes a guard from its row of the table."""

O = TypeVar("O", bound=BaseModel)  # noqa: E741


def build_rails(
    policy: Policy | None = None,
    *,
    factories: Mapping[str, Factory] | None = None,
    embedder: Embedder | None = None,
    secrets: Iterable[str] = (),
    verifier: Verifier | None = None,
) -> Rails:
    """The policy's guards, ready to check; None takes the default policy. Nothing heavy is imported yet.

    Args:
        policy: What `load_policy` gave.
        factories: A team's own guards, by the name that the table gives them; one of ours may be replaced.
        embedder: Compares texts on this machine, for the guards that are trained on its vectors; None lets them judge
            by the words alone.
        secrets: Values that the guard `secrets` withholds, besides those of the environment.
        verifier: What the guard `grounding` asks whether a sentence is supported.

    Raises ProjectError, with file and line, where a row names an unknown guard or options that do not fit.
    """
    policy = policy or load_policy()
    known: dict[str, Factory] = {
        **_BUILT_IN,
        **_trained(embedder),
        "secrets": _secrets(secrets),
        "grounding": _grounding(verifier),
        **(factories or {}),
    }
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


def _trained(embedder: Embedder | None) -> dict[str, Factory]:
    """The guards with a classifier."""

    def injection(rule: GuardRule, policy: Policy) -> Guardrail:
        chosen = options(rule, policy, InjectionOptions)
        return InjectionGuard(rule.origins, embedder=embedder, weights=_weights(chosen.weights, policy), name=rule.name)

    def toxicity(rule: GuardRule, policy: Policy) -> Guardrail:
        chosen = options(rule, policy, ToxicityOptions)
        return ToxicityGuard(rule.origins, embedder=embedder, weights=_weights(chosen.weights, policy), name=rule.name)

    return {"injection": injection, "toxicity": toxicity}


def _weights(path: Path | None, policy: Policy) -> Path | None:
    """Where a row's own weights are: beside the policy's file."""
    return None if path is None else Path(policy.source).parent / path


def _leakage(rule: GuardRule, policy: Policy) -> Guardrail:
    return LeakageGuard(rule.origins, options(rule, policy, LeakageOptions), name=rule.name)


def _secrets(values: Iterable[str]) -> Factory:
    values = tuple(values)
    return lambda rule, policy: SecretsGuard(
        rule.origins, options(rule, policy, SecretsOptions), values=values, name=rule.name
    )


def _grounding(verifier: Verifier | None) -> Factory:
    return lambda rule, policy: GroundingGuard(
        rule.origins, verifier, options(rule, policy, GroundingOptions), name=rule.name
    )


def _links(rule: GuardRule, policy: Policy) -> Guardrail:
    return LinkGuard(rule.origins, options(rule, policy, LinkOptions), name=rule.name)


def _guard_model(rule: GuardRule, policy: Policy) -> Guardrail:
    return GuardModel(rule.origins, options(rule, policy, GuardModelOptions), name=rule.name)


def _moderation(rule: GuardRule, policy: Policy) -> Guardrail:
    return ModerationGuard(rule.origins, options(rule, policy, ModerationOptions), name=rule.name)


_BUILT_IN: dict[str, Factory] = {
    "length": _length,
    "pii": _pii,
    "guard_model": _guard_model,
    "leakage": _leakage,
    "links": _links,
    "moderation": _moderation,
}
