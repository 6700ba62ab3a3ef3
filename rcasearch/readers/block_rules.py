"""The markdown parser's block rules, of which only those are tried that a line's first character allows.

markdown-it asks every rule of every line, and most of them look only at that character to say no. The table says which ones
they take (CommonMark 0.31, sections 4 and 5); a rule that it does not name is asked of every line.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import rules_block
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock

_STARTS: dict[RuleFuncBlockType, str] = {
    rules_block.fence: "`~",
    rules_block.blockquote: ">",
    rules_block.hr: "*-_",
    rules_block.list_block: "*-+0123456789",
    rules_block.reference: "[",
    rules_block.html_block: "<",
    rules_block.heading: "#",
}


class ChosenRules(Ruler[RuleFuncBlockType]):
    """The rules of another ruler, each chain of them as one rule that tries those which may apply, in the same order.

    ``starts`` are the first characters of rules of one's own.
    """

    def __init__(self, ruler: Ruler[RuleFuncBlockType], starts: dict[RuleFuncBlockType, str]) -> None:
        super().__init__()
        self._ruler = ruler
        self._starts = _STARTS | starts
        self._chains: dict[str, list[RuleFuncBlockType]] = {}

    def getRules(self, chainName: str = "") -> list[RuleFuncBlockType]:  # noqa: N802, N803 (markdown-it's names)
        if chainName not in self._chains:
            self._chains[chainName] = [_as_one(self._ruler.getRules(chainName), self._starts)]
        return self._chains[chainName]

    def get_active_rules(self) -> list[str]:
        return self._ruler.get_active_rules()


def _as_one(rules: Sequence[RuleFuncBlockType], starts: dict[RuleFuncBlockType, str]) -> RuleFuncBlockType:
    by_start = {start: [rule for rule in rules if start in starts.get(rule, start)] for start in "".join(starts.values())}
    others = [rule for rule in rules if rule not in starts]

    def chosen(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        first = state.bMarks[line] + state.tShift[line]
        # A loop, since making a generator takes as long as asking a rule.
        for rule in by_start.get(state.src[first : first + 1], others):  # noqa: SIM110
            if rule(state, line, end, silent):
                return True
        return False

    return chosen
