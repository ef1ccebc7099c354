"""Loads a project's Python files by path, under a private name.

Never as top-level `agents` or `tools`: an app that embeds Citeward usually has modules of those names already.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from citeward.errors import ProjectError


def load_module(path: Path) -> ModuleType:
    """The file as a module of its own; loaded anew each time, so that an edit is seen.

    Raises:
        ProjectError: With file and line, where the file cannot be run.
    """
    digest = hashlib.sha256(str(path.resolve().parent).encode()).hexdigest()[:8]
    name = f"citeward_project_{digest}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ProjectError("no such Python file", hint="Check the name.", path=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look their module up by name
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise ProjectError(
            f"not valid Python: {error.msg}", hint="Correct the line.", path=str(path), line=error.lineno
        ) from error
    except Exception as error:  # the file's own code may raise anything
        del sys.modules[name]
        raise ProjectError(
            f"{type(error).__name__}: {error}",
            hint="The file is run when the project is loaded; correct the line, or install what it imports.",
            path=str(path),
            line=_line(error, path),
        ) from error
    return module


def _line(error: Exception, path: Path) -> int | None:
    """The last line of the file on the way to the error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return lines[-1] if lines else None
