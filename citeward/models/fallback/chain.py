"""Models asked one after the other until one has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from citeward.contracts.metering import Hold
from citeward.contracts.model import Model, ModelRequest
from citeward.errors import BudgetSpent, CitewardError
from citeward.models.breaker import Breakers
from citeward.models.fallback.call import Call, Listener, ListenerFailed, UnclearOverlap
from citeward.models.fallback.failure import PASSED_ON, Failure, combined
from citeward.models.fallback.policy import Fallback, Switch
from citeward.models.metering.purse import Purse
from citeward.text.tokens import estimate_tokens

LAST_WORD = 0.02
"""Share of the time that is kept back, so that the chain's own error comes before the run's deadline."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Models to be asked in turn, and what holds for all of them together."""

    models: Mapping[str, Model]
    """By name, in the order in which they are asked; at least one."""
    fallback: Fallback
    breakers: Breakers
    purse: Purse


async def ask(chain: Chain, request: ModelRequest, listener: Listener) -> str:
    """Give the listener one whole answer; returns the name of the model that ended it.

    While nothing was released, a model that fails is replaced, and what was taken from it is void. Once something was
    released (`Listener.committed`), the policy decides. **The text that the next model is to continue is all that was
    taken from the models before it**, not what was released of it: what the guards still hold back stays with them,
    and the continuation completes it, so that the guards see one text, however many models wrote it. What a model
    repeats of that text is cut before it is taken; where it cannot be told what it repeats (`Overlap`), the text is
    withdrawn and the same model begins the answer again, as under `restart`. Fragments of tool calls are void at every
    switch; whole calls are released when the answer has ended, and no model is asked after that.

    A model whose breaker is open is asked only when no other is left. Each has a share of the time that is left
    (`Patience`), and is paid from one purse.

    Args:
        chain: Who is asked.
        request: What; its `timeout` is the time for all models together.
        listener: Takes the answer.

    Raises:
        DeadlineExceeded: The time is over.
        BudgetSpent: No model is left that the budget pays for, or it stops the run.
        CitewardError: No model has answered; the message lists what became of each one. See `combined`.
    """
    loop = asyncio.get_running_loop()
    until = None if request.timeout is None else loop.time() + request.timeout * (1 - LAST_WORD)
    rest = list(chain.models)
    news: list[str] = []
    failures: list[Failure] = []
    said = ""
    asked = False
    again = ""  # the model that begins the answer again
    while rest or again:
        if until is not None and loop.time() >= until:
            raise combined(failures, out_of_time=True)
        name = again or _next(rest, chain.breakers, news, left=asked)
        model = chain.models[name]
        how: Switch = "restart" if again else _switch(chain.fallback, model, listener)
        prefix = said if how == "continue" else ""
        again = ""
        attempt = _request(request, prefix, None if until is None else until - loop.time())
        try:
            hold = await chain.purse.open(name, model.info, attempt)
        except BudgetSpent as error:
            failures.append(Failure(model=name, error=error))
            news.append(f"{name} was left out (budget_spent)")
            if chain.purse.stops:
                raise combined(failures) from error
            continue
        if news:
            listener.switch(how, name, "; ".join(news), tuple(rest))
        said, news, asked = prefix, [], True
        call = Call(name=name, model=model, request=attempt)
        try:
            failed = await _listened(chain, call, hold, listener, until=until, shares=1 + len(rest))
        except UnclearOverlap:
            news.append(f"what {name} repeated of the text could not be told")
            again = name
            continue
        if failed is None:
            return name
        failures.append(Failure(model=name, error=failed))
        news.append(f"{name} failed ({failed.code})")
        said += "".join(call.pieces)
        if listener.committed and chain.fallback.after_first_token == "error":
            break
    raise combined(failures, out_of_time=until is not None and loop.time() >= until) from failures[-1].error


async def _listened(
    chain: Chain, call: Call, hold: Hold, listener: Listener, *, until: float | None, shares: int
) -> CitewardError | None:
    """Make the call and book it; returns the error after which another model is to be asked."""
    name, breakers = call.name, chain.breakers
    breakers.begin(name)
    books = None
    try:
        await call.listen(listener, until=until, shares=shares)
        breakers.succeeded(name)
        books = call.books("answered")
    except UnclearOverlap:
        breakers.succeeded(name)
        books = call.books("cancelled")
        raise
    except ListenerFailed as failed:
        assert failed.__cause__ is not None
        raise failed.__cause__ from None
    except PASSED_ON as error:
        breakers.failed(name, error)
        books = call.books("failed", error)
        return error
    finally:
        if books is None:
            breakers.abandoned(name)
            books = call.books("cancelled")
        await chain.purse.close(hold, books)
    return None


def _next(rest: list[str], breakers: Breakers, news: list[str], *, left: bool) -> str:
    """Take the next model out of `rest`: the first that may be asked, or the first where none may."""
    whys = {name: breakers.why(name) for name in rest}
    name = next((name for name in rest if not whys[name]), rest[0])
    if not left:
        before = rest[: rest.index(name)]
        news.extend(
            f"{skipped} is {whys[skipped]}" for skipped in before if f"{skipped} is {whys[skipped]}" not in news
        )
    rest.remove(name)
    return name


def _switch(fallback: Fallback, model: Model, listener: Listener) -> Switch:
    if not listener.committed:
        return "replace"
    if fallback.after_first_token == "continue" and model.info.continues != "never":
        return "continue"
    return "restart"


def _request(request: ModelRequest, said: str, left: float | None) -> ModelRequest:
    """The request for one model: with the time that is left, and what was said already."""
    if not said and left is None:
        return request
    sampling = request.sampling
    if said and sampling.max_tokens is not None:
        sampling = replace(sampling, max_tokens=max(1, sampling.max_tokens - estimate_tokens(said)))
    return replace(request, timeout=left, prefix=request.prefix + said, sampling=sampling)
