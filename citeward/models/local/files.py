"""What a model's files say of it, read without torch and without its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from citeward.models.local.markup import Form, form_of


@dataclass(frozen=True, kw_only=True)
class Told:
    """What can be known before a model is loaded."""

    form: Form = field(default_factory=Form)
    window: int | None = None
    """Tokens that it was made for; None where its config does not say."""


def read_files(folder: Path) -> Told:
    """What is in a model's folder; what cannot be read is not known, and loading will say why."""
    template = _text(folder / "chat_template.jinja")
    if not template:
        told = _json(folder / "tokenizer_config.json").get("chat_template") or ""
        # Some have several, by name; the one that a conversation is written with is called `default`.
        template = told if isinstance(told, str) else _default(told)
    config = _json(folder / "config.json")
    window = config.get("max_position_embeddings") or (config.get("text_config") or {}).get("max_position_embeddings")
    return Told(form=form_of(template), window=window if isinstance(window, int) else None)


def _default(templates: Any) -> str:
    if not isinstance(templates, list):
        return ""
    named = {one.get("name"): one.get("template") for one in templates if isinstance(one, dict)}
    return str(named.get("tool_use") or named.get("default") or "")


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(_text(path) or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
