"""Many words looked for at once, letter by letter."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping


class Keywords:
    """An automaton that reads one letter at a time and knows which word it may be inside of.

    After Aho and Corasick, "Efficient string matching", 1975. States are numbers and 0 is the beginning. It is made
    once and read by any number of streams; it shows none of its words.

    Args:
        words: What is looked for, and of which kind each is.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._fall: list[int] = [0]
        self._depth: list[int] = [0]
        self._word: list[int] = [0]
        self._kind: list[str] = [""]
        for word, kind in words.items():
            self._add(word, kind)
        self._link()
        self.longest = max(self._word)
        """Letters of the longest word."""

    def __repr__(self) -> str:
        return f"Keywords(states={len(self._next)})"

    def step(self, state: int, letter: str) -> int:
        """The state after one more letter."""
        after = self._next[state].get(letter)
        while after is None:
            if not state:
                return 0
            state = self._fall[state]
            after = self._next[state].get(letter)
        return after

    def depth(self, state: int) -> int:
        """How many of the last letters may be the beginning of a word."""
        return self._depth[state]

    def word(self, state: int) -> int:
        """How many of the last letters are a word, the longest one; 0 where none ends here."""
        return self._word[state]

    def kind(self, state: int) -> str:
        """Of which kind that word is."""
        return self._kind[state]

    def _add(self, word: str, kind: str) -> None:
        state = 0
        for letter in word:
            if letter not in self._next[state]:
                self._next[state][letter] = len(self._next)
                self._next.append({})
                self._fall.append(0)
                self._word.append(0)
                self._kind.append("")
                self._depth.append(self._depth[state] + 1)
            state = self._next[state][letter]
        self._word[state], self._kind[state] = len(word), kind

    def _link(self) -> None:
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for letter, after in self._next[state].items():
                self._fall[after] = self.step(self._fall[state], letter)
                queue.append(after)
            if not self._word[state]:
                self._word[state], self._kind[state] = self._word[self._fall[state]], self._kind[self._fall[state]]
