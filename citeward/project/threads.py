"""Where a project keeps its threads, and the keys that they are encrypted with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.encryption import Cipher, Key
from citeward.logs import get_logger
from citeward.project.declared import Project
from citeward.settings import StateSettings

if TYPE_CHECKING:
    from citeward.graphs.postgres import PostgresThreads
    from citeward.graphs.threads import SqliteThreads

    Threads: TypeAlias = SqliteThreads | PostgresThreads

logger = get_logger(__name__)


async def open_threads(project: Project, stack: AsyncExitStack) -> Threads:
    """The checkpointer on the project's SQLite file, which is made when it is not there, or on its Postgres server.

    Args:
        project: Whose settings are read.
        stack: Closes it.

    Raises:
        CheckpointError: The file or the database cannot be opened, or was written with a key that is not at hand.
        SettingsError: A key in the settings is none, or Postgres lacks its address, its key or its package.
    """
    from citeward.graphs.threads import keep_dropping

    settings = project.settings.state
    threads = await (_open_postgres if settings.kind == "postgres" else _open_sqlite)(project, stack)
    if settings.keep_days is not None:
        task = asyncio.create_task(keep_dropping(threads, timedelta(days=settings.keep_days)))
        stack.push_async_callback(_stopped, task)
    return threads


async def _open_sqlite(project: Project, stack: AsyncExitStack) -> Threads:
    import aiosqlite

    from citeward.graphs.threads import SqliteThreads, last_key

    settings = project.settings.state
    path = project.path(settings.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = await stack.enter_async_context(aiosqlite.connect(path))
        used = await last_key(connection)
        # When the file was written with a key, one that is made now would only hide that the old one is lost.
        cipher = Cipher(keys(settings, key_file(path), make=used is None))
        if used is not None and not cipher.knows(used):
            raise cipher.unknown(used)
        threads = SqliteThreads(connection, cipher)
        stack.callback(threads.close)
        await threads.setup()
    except (sqlite3.Error, OSError) as error:
        raise CheckpointError(
            f"the file of threads {str(path)!r} cannot be opened: {error}",
            hint="Make its folder writable, or name another file under [state] path in citeward.toml.",
        ) from error
    return threads


async def _open_postgres(project: Project, stack: AsyncExitStack) -> Threads:
    settings = project.settings.state
    if settings.url is None:
        raise SettingsError("[state] kind is 'postgres', and there is no url", hint="Set CITEWARD_STATE__URL.")
    if settings.key is None:
        raise SettingsError(
            "threads in Postgres have no key, which all servers must share",
            hint="Make one with `openssl rand -base64 32` and set it as CITEWARD_STATE__KEY.",
        )
    try:
        from citeward.graphs.postgres import PostgresThreads, connection_pool
    except ImportError as error:
        raise SettingsError(
            f"[state] kind is 'postgres', and a package for it is missing: {error.name}",
            hint="pip install 'citeward[postgres]'",
        ) from error
    found = [Key.read(secret.get_secret_value()) for secret in (settings.key, *settings.old_keys)]
    pool = connection_pool(settings.url.get_secret_value(), connections=settings.connections)
    threads = PostgresThreads(await stack.enter_async_context(pool), Cipher(list(dict.fromkeys(found))))
    stack.push_async_callback(threads.aclose)
    await threads.setup()
    return threads


def key_file(path: Path) -> Path:
    """Where the key is kept that belongs to a file of threads, where the settings name none."""
    return path.with_name(f"{path.name}.key")


def keys(settings: StateSettings, file: Path, *, make: bool) -> list[Key]:
    """The keys at hand, the one that encrypts first: the settings' own, the old ones, that of the file.

    Args:
        settings: Of the project.
        file: The key file.
        make: Make the file where there is neither it nor a key in the settings.

    Raises:
        CheckpointError: There is no key and none may be made, or the file cannot be read or made.
        SettingsError: A key is not 32 bytes in base64.
    """
    named = [settings.key] if settings.key is not None else []
    found = [Key.read(secret.get_secret_value()) for secret in (*named, *settings.old_keys)]
    try:
        if (kept := _read(file)) is None and not named and make:
            kept = _made(file)
    except OSError as error:
        raise CheckpointError(
            f"the key of the threads cannot be kept in {str(file)!r}: {error}",
            hint="Make its folder writable, or set a key as CITEWARD_STATE__KEY: `openssl rand -base64 32`.",
        ) from error
    if not named and kept is None:
        raise CheckpointError(
            f"the threads are encrypted, and their key {str(file)!r} is not there",
            hint="Put the key file back, set the key as CITEWARD_STATE__KEY, or move the file of threads away to "
            "begin anew.",
        )
    # Without a key of its own in the settings, the file's is the one in use, whatever old ones are named.
    ordered = found if named else [kept, *found]
    return [key for key in dict.fromkeys([*ordered, kept]) if key is not None]


def _read(file: Path) -> Key | None:
    """The key in the file; None where there is no file."""
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = "?"  # no base64, which is what the error will say
    if os.name == "posix" and file.stat().st_mode & 0o077:
        logger.warning("threads.key_readable_by_others", path=str(file))
    return Key.read(text)


def _made(file: Path) -> Key | None:
    """A new key, kept in the file with no rights for others. Of several processes that begin at once, all get the one
    that came first: the file appears under its name in one step, whole."""
    key = Key.new()
    draft = file.with_name(f"{file.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write(f"{key.text}\n")
            written.flush()
            os.fsync(written.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    return _read(file)


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
