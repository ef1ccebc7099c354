"""Fifth node: the model speaks, and what it says is released as it is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from citeward.citations.stream import Citer
from citeward.contracts.answer import Citation
from citeward.contracts.context import fence
from citeward.contracts.event import Event, Guarded, Interrupted, Routed, ToolCalled
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.model import Model, ModelRequest, TokenUsage
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import ModelError, NotFound
from citeward.guardrails.vault import Vault
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.conversation import ToolCallAssembly, to_model
from citeward.nodes.deadline import remaining
from citeward.nodes.services import Services
from citeward.nodes.utterance import Utterance


class ReasonState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    passages: tuple[Passage, ...]
    route: Route | None
    messages: list[AnyMessage]
    """Out: the question, on the first step of a turn, and what the model said or asked for."""
    draft: str
    """The released text of this turn so far; equals the joined deltas."""
    citations: tuple[Citation, ...]
    verdicts: tuple[Verdict, ...]
    vault: dict[str, str]
    blocked: str
    steps: int
    tokens: TokenUsage
    cost: float
    """US dollars of this turn so far."""
    first_token_at: float | None
    """Unix time of the first released text."""


def reason(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Call the routed model with the thread, the passages and the tools, and release its stream.

    Where it fails before anything was released, its fallbacks are asked in turn; after that the error is the run's.
    On the last allowed step no tools are offered, so that the model has to answer.
    """

    async def node(state: ReasonState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        step = state.get("steps", 0)
        asked: list[AnyMessage] = [] if step else [HumanMessage(content=state["question"])]
        specs = active.tools(context.principal).specs() if active.tools and step + 1 < active.limits.steps else ()
        vault = Vault.load(state.get("vault") or {})
        passages = state.get("passages", ())
        request = ModelRequest(
            messages=(
                *active.prompt.render({"passages": vault.mask(fence(passages), ())}),
                *to_model([*state.get("messages", []), *asked]),
            ),
            tools=specs,
            sampling=active.sampling,
            timeout=remaining(runtime),
        )
        said = await _speak(active, request, state, runtime, vault)
        for verdict in said.verdicts:
            emit(runtime, Guarded(verdict=verdict))
        blocking = next((verdict for verdict in said.verdicts if verdict.action is Action.BLOCK), None)
        message = said.calls.message(_masked(said.utterance.text, vault))
        if blocking is not None:
            message.tool_calls, message.invalid_tool_calls = [], []
        calls = [ToolCall(id=c["id"] or "", name=c["name"], arguments=c["args"]) for c in message.tool_calls]
        _announce(calls, specs, lambda event: emit(runtime, event))
        return {
            "messages": [*asked, message],
            "draft": state.get("draft", "") + said.utterance.text,
            "citations": (*state.get("citations", ()), *said.utterance.citations),
            "verdicts": (*state.get("verdicts", ()), *said.verdicts),
            "vault": vault.dump(),
            "blocked": blocking.reason if blocking else "",
            "route": said.route,
            "steps": step + 1,
            "tokens": state.get("tokens", TokenUsage()) + said.tokens,
            "cost": state.get("cost", 0.0) + _cost(said),
            "first_token_at": state.get("first_token_at") or said.utterance.began_at,
        }

    return node


@dataclass(kw_only=True)
class _Said:
    """What came of one model call."""

    utterance: Utterance
    model: Model
    route: Route
    calls: ToolCallAssembly = field(default_factory=ToolCallAssembly)
    tokens: TokenUsage = field(default_factory=TokenUsage)
    verdicts: tuple[Verdict, ...] = ()


async def _speak(
    services: Services, request: ModelRequest, state: ReasonState, runtime: Runtime[Context], vault: Vault
) -> _Said:
    """The routed model's words, or those of the first fallback that can be reached."""
    route = state.get("route")
    if route is None:
        raise NotFound("no model was chosen", hint="The node `route` must run before `reason`.")
    names = (route.model, *route.fallbacks)
    for position, name in enumerate(names):
        model = services.models.get(name)
        if model is None:
            raise NotFound(f"no model {name!r}", hint=f"Models: {', '.join(services.models)}.")
        said = _Said(
            utterance=_utterance(services, state, runtime, vault),
            model=model,
            route=replace(route, model=name, tier=model.info.tier, fallbacks=names[position + 1 :]),
        )
        try:
            await _listen(model, request, said)
        except ModelError as error:
            if said.utterance.text or position + 1 == len(names):
                raise
            following = names[position + 1]
            route = replace(route, reason=f"{name} failed ({error.code}); {following} took over")
            emit(runtime, Routed(route=replace(route, model=following, fallbacks=names[position + 2 :])))
            continue
        return said
    raise AssertionError("a route names at least one model")


def _utterance(services: Services, state: ReasonState, runtime: Runtime[Context], vault: Vault) -> Utterance:
    """The release pipeline for one call. What the user or a passage said in the clear may be repeated."""
    passages = state.get("passages", ())
    allowed = [state["question"], *vault.dump().values(), *(passage.text for passage in passages)]
    tenant = context_of(runtime).principal.tenant

    async def stored_text(document_id: str) -> str:
        if services.store is None:
            raise NotFound(f"no document {document_id!r}", hint="This agent has no store.")
        return (await services.store.document(document_id, tenant=tenant)).text

    return Utterance(
        services.rails.stream(origin=Origin.MODEL, allowed=allowed, vault=vault),
        Citer(
            passages, stored_text, embedder=services.local or services.embedder, on_unsupported=services.on_unsupported
        ),
        lambda event: emit(runtime, event),
        base=len(state.get("draft", "")),
    )


async def _listen(model: Model, request: ModelRequest, said: _Said) -> None:
    """Take the model's stream to its end, or until a guard stops it."""
    async with aclosing(model.stream(request)) as stream:
        async for delta in stream:
            if delta.text:
                await said.utterance.feed(delta.text)
            if delta.tool_call is not None:
                said.calls.add(delta.tool_call)
            if delta.usage is not None:
                said.tokens += delta.usage
            if said.utterance.stopped:
                break
    await said.utterance.close()
    said.verdicts = tuple(v for v in said.utterance.verdicts if v.action is not Action.ALLOW)


def _announce(calls: list[ToolCall], specs: tuple[ToolSpec, ...], tell: Callable[[Event], None]) -> None:
    """Release the calls, whole and parsed; say of dangerous ones that they wait for a person."""
    dangerous = {spec.name for spec in specs if spec.dangerous}
    for call in calls:
        tell(ToolCalled(call=call))
    for call in calls:
        if call.name in dangerous:
            tell(Interrupted(call=call, reason=f"{call.name} needs a person's approval"))


def _masked(text: str, vault: Vault) -> str:
    """The text as the thread keeps it: placeholders in the place of the values that were given back to the user."""
    for placeholder, value in vault.dump().items():
        text = text.replace(value, placeholder)
    return text


def _cost(said: _Said) -> float:
    """US dollars: prices are per million tokens."""
    info = said.model.info
    return (said.tokens.input_tokens * info.input_price + said.tokens.output_tokens * info.output_price) / 1e6
