"""What a server is told with every request, and what no error or log may repeat of it."""

from __future__ import annotations

from collections.abc import Mapping

from citeward.errors import SettingsError

_SECRET = 8
"""Characters from which on a header's value is kept out of errors."""


class Credentials:
    """A key and headers, checked.

    Args:
        api_key: Sent as a bearer token; white space around it is no part of it.
        headers: Sent as well; their values are kept as secret as the key.

    Raises:
        SettingsError: The key or a header cannot be sent.
    """

    def __init__(self, api_key: str | None, headers: Mapping[str, str]) -> None:
        key = (api_key or "").strip()
        given = {"User-Agent": "citeward", **headers}
        if key:
            given["Authorization"] = f"Bearer {key}"
        for name, value in given.items():
            if not (name + value).isascii() or not (name + value).isprintable():
                raise SettingsError(
                    f"The {'API key' if key and name == 'Authorization' else f'header {name!r}'} has characters that "
                    "HTTP cannot send.",
                    hint="Look for a line break or a typographic character that was pasted along.",
                )
        self.headers: Mapping[str, str] = given
        """Sent with every request."""
        self.has_key = bool(key) or any(name.lower() in ("authorization", "api-key", "x-api-key") for name in given)
        # A short header is a version or a flag; taking it out of every error would leave them unreadable.
        secrets = {key, *(value for value in headers.values() if len(value) >= _SECRET)}
        self._secrets = sorted(secrets - {""}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without anything that is to be kept secret."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
