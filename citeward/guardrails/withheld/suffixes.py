"""One long text, asked letter by letter how much of a stream stands in it."""

from __future__ import annotations


class Suffixes:
    """Knows after each letter how many of the last letters stand in the text one after the other.

    The suffix automaton of Blumer and others, "The smallest automaton recognizing the subwords of a text", 1985: at
    most twice as many states as the text has letters, and one step a letter. States are numbers and 0 is the
    beginning. It is made once and read by any number of streams.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._next: list[dict[str, int]] = [{}]
        self._link: list[int] = [-1]
        self._length: list[int] = [0]
        self._end: list[int] = [-1]
        last = 0
        for at, letter in enumerate(text):
            last = self._add(last, letter, at)

    def __repr__(self) -> str:
        return f"Suffixes(states={len(self._next)})"

    def step(self, state: int, length: int, letter: str, *, most: int) -> tuple[int, int]:
        """The state and how many of the last letters, at most `most`, stand in the text, after one more letter."""
        after = self._next[state].get(letter)
        while after is None:
            if not state:
                return 0, 0
            state = self._link[state]
            length = self._length[state]
            after = self._next[state].get(letter)
        if length < most:
            return after, length + 1
        while self._length[self._link[after]] >= most:
            after = self._link[after]
        return after, most

    def end(self, state: int) -> int:
        """Where in the text those letters first end: the place of the last of them."""
        return self._end[state]

    def _add(self, last: int, letter: str, at: int) -> int:
        new = self._state({}, 0, self._length[last] + 1, at)
        while last >= 0 and letter not in self._next[last]:
            self._next[last][letter] = new
            last = self._link[last]
        if last < 0:
            return new
        there = self._next[last][letter]
        if self._length[there] == self._length[last] + 1:
            self._link[new] = there
            return new
        copy = self._state(dict(self._next[there]), self._link[there], self._length[last] + 1, self._end[there])
        while last >= 0 and self._next[last].get(letter) == there:
            self._next[last][letter] = copy
            last = self._link[last]
        self._link[there] = self._link[new] = copy
        return new

    def _state(self, following: dict[str, int], link: int, length: int, end: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        self._end.append(end)
        return len(self._next) - 1
