"""`[router]`, `[fallback]` and `[budget]`: which model answers, and what is done where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from citeward.settings.section import Section


class RouterSettings(Section):
    """How a model is chosen among those that may answer."""

    fitted: Path | None = Field(None, description="what `citeward router fit` wrote; heuristics where None")
    threshold: float | None = Field(
        None, ge=0, le=1, description="difficulty from which the larger tier answers; the fitted one where None"
    )
    sticky: bool = Field(True, description="a thread keeps its model while it can")


class FallbackSettings(Section):
    """What is done where a model fails."""

    after_first_token: Literal["continue", "restart", "error"] = Field(
        "continue", description="`continue` lets the next model go on from the text so far"
    )
    failures: int = Field(
        3, ge=1, le=100, description="failures in a row after which a model is left alone for a while"
    )
    cooldown: float = Field(30.0, gt=0, le=3600, description="seconds for which it is left alone")


class BudgetSettings(Section):
    """What may be spent, in US dollars."""

    run: float | None = Field(None, gt=0, description="by one run")
    tenant_per_day: float | None = Field(None, gt=0, description="by one tenant in a day (UTC)")
    when_spent: Literal["downgrade", "stop"] = Field(
        "downgrade", description="`downgrade` leaves the models that cost nothing, `stop` answers no more"
    )
