"""Fifth node: the model speaks, and what it says is released as it is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.citations.stream import Citer
from citeward.contracts.citation import Citation
from citeward.contracts.event import Guarded
from citeward.contracts.guardrail import Action, Outgoing, Verdict
from citeward.contracts.metering import ModelCall, Spender
from citeward.contracts.model import ModelRequest
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.errors import NotFound
from citeward.guardrails.masker import masked
from citeward.guardrails.stream import Progress, Release
from citeward.guardrails.vault import Vault
from citeward.models.fallback.chain import Chain, ask
from citeward.models.metering.purse import Purse
from citeward.nodes.approval import announce
from citeward.nodes.calls import check_calls
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.conversation import prompted, to_model
from citeward.nodes.deadline import remaining
from citeward.nodes.disclosure import disclosed
from citeward.nodes.journal import call_ids
from citeward.nodes.outgoing import marked, outgoing, this_turn
from citeward.nodes.personal import refuse_personal_data
from citeward.nodes.services import Services
from citeward.nodes.speech import Speech
from citeward.nodes.unfinished import Unfinished, completed, settled
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
    unfinished: SecretStr | None
    """What was said and not released, where the last call asked for tools; see `Unfinished`."""
    citations: tuple[Citation, ...]
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]
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
        earlier = state.get("messages", [])
        made_from = outgoing(active, state, turn=this_turn(earlier) if step else ())
        prompt = active.prompt.render({"passages": vault.mask(prompted(state.get("passages", ())), ())})
        unfinished = Unfinished.load(state.get("unfinished") if step else None)
        request = ModelRequest(
            messages=(
                *marked(prompt, active.rails.planted),
                *to_model([*completed(earlier, unfinished, vault), *asked]),
            ),
            tools=specs,
            sampling=active.sampling,
            timeout=remaining(runtime),
        )
        said = _speech(active, state, runtime, vault, made_from, unfinished)
        purse = _purse(active, state, context)
        chain = Chain(models=said.models, fallback=active.fallback, breakers=active.breakers, purse=purse)
        await ask(chain, request, said)
        message = said.calls.message("", taken=call_ids(earlier))
        checked = await check_calls(message, active.rails, made_from)
        refuse_personal_data(message, specs, vault)
        # A model that was offered no tools can have been talked into naming some.
        wanted = bool(specs) and not blocking(checked) and bool(message.tool_calls or message.invalid_tool_calls)
        still = said.pause() if wanted and not said.satisfied else None
        if still is None:
            await said.close()
            message.tool_calls, message.invalid_tool_calls = [], []
        text = said.utterance.text
        before, own = settled(earlier, unfinished, text, vault)
        message.content = masked(own, vault)
        verdicts = (*said.verdicts, *checked)
        for verdict in verdicts:
            emit(runtime, Guarded(verdict=verdict))
        if said.finish_reason is not None:
            message.response_metadata = {"finish_reason": said.finish_reason}
        announce(message, vault, runtime)
        stopped = blocking(verdicts)
        return {
            "messages": [*before, *asked, message],
            "draft": state.get("draft", "") + text,
            "unfinished": still.kept() if still is not None else None,
            "citations": (*state.get("citations", ()), *said.utterance.citations),
            "verdicts": (*state.get("verdicts", ()), *verdicts),
            "vault": vault.kept(),
            "blocked": stopped.reason if stopped is not None else "",
            "route": said.route,
            "steps": step + 1,
            "calls": (*state.get("calls", ()), *purse.calls),
            "first_token_at": state.get("first_token_at") or said.began_at,
        }

    return node


def blocking(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The first that ends the run."""
    return next((verdict for verdict in verdicts if verdict.action is Action.BLOCK), None)


def _purse(services: Services, state: ReasonState, context: Context) -> Purse:
    """The run's account, with what its earlier steps have cost."""
    spender = Spender(
        tenant=context.principal.tenant, thread_id=state.get("thread_id", ""), run_id=state.get("run_id", "")
    )
    return Purse(services.meter, spender, spent=sum(call.cost for call in state.get("calls", ())))


def _speech(
    services: Services,
    state: ReasonState,
    runtime: Runtime[Context],
    vault: Vault,
    made_from: Outgoing,
    unfinished: Unfinished,
) -> Speech:
    """What takes the words of the routed model and of its fallbacks."""
    route = state.get("route")
    if route is None:
        raise NotFound("no model was chosen", hint="The node `route` must run before `reason`.")
    names = (route.model, *route.fallbacks)
    if unknown := [name for name in names if name not in services.models]:
        raise NotFound(f"no model {unknown[0]!r}", hint=f"Models: {', '.join(services.models)}.")

    def think(earlier: Progress) -> Release:
        return services.rails.stream(outgoing=made_from, vault=vault, earlier=earlier)

    return Speech(
        begin=lambda: _utterance(services, state, runtime, vault, made_from, unfinished),
        think=think if services.reasoning else None,
        thoughts=unfinished.thoughts,
        tell=lambda event: emit(runtime, event),
        route=route,
        models={name: disclosed(services.models[name], vault, raw_for=services.rails.policy.raw_for) for name in names},
        draft=state.get("draft", ""),
        cited=state.get("citations", ()),
    )


def _utterance(
    services: Services,
    state: ReasonState,
    runtime: Runtime[Context],
    vault: Vault,
    made_from: Outgoing,
    unfinished: Unfinished,
) -> Utterance:
    """The release pipeline for one call, which goes on from that of the call before."""
    passages = state.get("passages", ())
    tenant = context_of(runtime).principal.tenant

    async def stored_text(document_id: str) -> str:
        if services.store is None:
            raise NotFound(f"no document {document_id!r}", hint="This agent has no store.")
        return (await services.store.document(document_id, tenant=tenant)).text

    return Utterance(
        services.rails.stream(outgoing=made_from, vault=vault, earlier=unfinished.text),
        Citer(
            passages,
            stored_text,
            embedder=services.local or services.embedder,
            on_unsupported=services.on_unsupported,
            earlier=unfinished.sentences,
        ),
        lambda event: emit(runtime, event),
        base=len(state.get("draft", "")),
    )
