"""Whether a text can be asked at all."""

from __future__ import annotations

from citeward.errors import InputTooLong, InvalidInput


def refuse_unusable(text: str, *, what: str, limit: int | None = None) -> None:
    """Raise where no guard needs to look at the text, because nothing is done with it.

    Args:
        text: What somebody typed.
        what: Its name in the error, as `the question`.
        limit: The most characters; None takes any number.

    Raises:
        InvalidInput: It holds half a character (a lone surrogate), which no file and no model takes.
        InputTooLong: It has more characters than `limit`.
    """
    if limit is not None and len(text) > limit:
        raise InputTooLong(
            f"{what} has {len(text):,} characters; the policy takes {limit:,}",
            hint="Shorten it, or put the long text into a document and index it.",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{what} is no text: {text[error.start]!r} at character {error.start} is half of a character",
            hint="Send whole characters, in UTF-8.",
        ) from error
