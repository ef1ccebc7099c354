"""Fifth node: the model speaks, and what it says is released as it is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from citeward.citations.stream import Citer
from citeward.contracts.answer import Citation
from citeward.contracts.event import Guarded
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.metering import ModelCall, Spender
from citeward.contracts.model import ModelRequest
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.errors import NotFound
from citeward.guardrails.vault import Vault
from citeward.models.fallback.chain import Chain, ask
from citeward.models.metering.purse import Purse
from citeward.nodes.approval import announce, read
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.conversation import prompted, to_model
from citeward.nodes.deadline import remaining
from citeward.nodes.services import Services
from citeward.nodes.speech import Speech
from citeward.nodes.utterance import Utterance


class ReasonState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    run_id: str
    thread_id: str
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
    calls: tuple[ModelCall, ...]
    """Every model call of this turn, failed ones too."""
    first_token_at: float | None
    """Unix time of the first released text."""


def reason(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Call the routed model with the thread, the passages and the tools, and release its stream.

    Where it fails, its fallbacks are asked in turn; see `citeward.models.fallback.chain.ask`. On the last allowed step
    no tools are offered, so that the model has to answer.
    """

    async def node(state: ReasonState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        step = state.get("steps", 0)
        asked: list[AnyMessage] = [] if step else [HumanMessage(content=state["question"])]
        specs = active.tools(context.principal).specs() if active.tools and step + 1 < active.limits.steps else ()
        vault = Vault.load(state.get("vault") or {})
        request = ModelRequest(
            messages=(
                *active.prompt.render({"passages": vault.mask(prompted(state.get("passages", ())), ())}),
                *to_model([*state.get("messages", []), *asked]),
            ),
            tools=specs,
            sampling=active.sampling,
            timeout=remaining(runtime),
        )
        said, purse = _speech(active, state, runtime, vault), _purse(active, state, context)
        chain = Chain(models=said.models, fallback=active.fallback, breakers=active.breakers, purse=purse)
        await ask(chain, request, said)
        await said.close()
        for verdict in said.verdicts:
            emit(runtime, Guarded(verdict=verdict))
        blocking = next((verdict for verdict in said.verdicts if verdict.action is Action.BLOCK), None)
        text = said.utterance.text
        message = said.calls.message(_masked(text, vault))
        if said.finish_reason is not None:
            message.response_metadata = {"finish_reason": said.finish_reason}
        if blocking is not None or not specs:
            # A model that was offered no tools can have been talked into naming some.
            message.tool_calls, message.invalid_tool_calls = [], []
        thread = [*state.get("messages", []), *asked]
        texts = read(thread, state.get("passages", ()), vault, active.approval)
        announce(message, specs, texts, vault, active.approval, runtime)
        return {
            "messages": [*asked, message],
            "draft": state.get("draft", "") + text,
            "citations": (*state.get("citations", ()), *said.utterance.citations),
            "verdicts": (*state.get("verdicts", ()), *said.verdicts),
            "vault": vault.dump(),
            "blocked": blocking.reason if blocking else "",
            "route": said.route,
            "steps": step + 1,
            "calls": (*state.get("calls", ()), *purse.calls),
            "first_token_at": state.get("first_token_at") or said.began_at,
        }

    return node


def _purse(services: Services, state: ReasonState, context: Context) -> Purse:
    """The run's account, with what its earlier steps have cost."""
    spender = Spender(
        tenant=context.principal.tenant, thread_id=state.get("thread_id", ""), run_id=state.get("run_id", "")
    )
    return Purse(services.meter, spender, spent=sum(call.cost for call in state.get("calls", ())))


def _speech(services: Services, state: ReasonState, runtime: Runtime[Context], vault: Vault) -> Speech:
    """What takes the words of the routed model and of its fallbacks."""
    route = state.get("route")
    if route is None:
        raise NotFound("no model was chosen", hint="The node `route` must run before `reason`.")
    names = (route.model, *route.fallbacks)
    if unknown := [name for name in names if name not in services.models]:
        raise NotFound(f"no model {unknown[0]!r}", hint=f"Models: {', '.join(services.models)}.")
    return Speech(
        begin=lambda: _utterance(services, state, runtime, vault),
        tell=lambda event: emit(runtime, event),
        route=route,
        models={name: services.models[name] for name in names},
        draft=state.get("draft", ""),
        cited=state.get("citations", ()),
    )


def _utterance(services: Services, state: ReasonState, runtime: Runtime[Context], vault: Vault) -> Utterance:
    """The release pipeline for one call. What the user or a passage said in the clear may be repeated."""
    passages = state.get("passages", ())
    results = [message.text for message in state.get("messages", []) if isinstance(message, ToolMessage)]
    texts = [text for passage in passages for text in (passage.text, passage.source)]
    allowed = [state["question"], *vault.dump().values(), *texts, *results]
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


def _masked(text: str, vault: Vault) -> str:
    """The text as the thread keeps it: placeholders in the place of the values that were given back to the user."""
    for placeholder, value in vault.dump().items():
        text = text.replace(value, placeholder)
    return text
