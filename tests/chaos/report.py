"""What a storm has shown, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.ledger import Ledger, Wrong


@dataclass(frozen=True)
class Report:
    house: str
    seed: int
    seconds: float
    ledger: Ledger
    times: Counter[str]
    """How often each fault was tried."""
    back: Mapping[str, float]
    """Seconds, at most, from the end of a fault until every tab followed everything again."""
    stored: Mapping[str, int]
    """Answers by how they ended."""

    @property
    def good(self) -> bool:
        return not self.ledger.wrongs

    def table(self) -> str:
        ledger = self.ledger
        wrongs = Counter(what for what, _ in ledger.wrongs)
        lines = [
            f"### {self.house}, {self.seconds / 60:.1f} minutes, seed {self.seed}",
            "",
            _row("fault", "times", "every tab back after, at most"),
            _row("---", "---:", "---:"),
            *(_row(fault, self.times[fault], f"{self.back.get(fault, 0.0):.1f} s") for fault in sorted(self.times)),
            "",
            _row("what was at stake", "", ""),
            _row("---", "---:", "---"),
            _row("questions acknowledged", ledger.counts["acknowledged"], ""),
            _row(
                "answers", sum(self.stored.values()), ", ".join(f"{n} {how}" for how, n in sorted(self.stored.items()))
            ),
            _row("lines lost", ledger.counts["lines lost"], ""),
            _row("tokens refreshed", ledger.counts["refreshed"], ""),
            _row("entries of the logs compared", ledger.counts["events"], ""),
            _row("views compared with fresh ones", ledger.counts["views compared"], ""),
            *(_row(f"{what}, at most", f"{seconds:.1f} s", "") for what, seconds in sorted(ledger.worst.items())),
            "",
            _row(*Wrong),
            _row(*["---:"] * len(Wrong)),
            _row(*(wrongs[what] for what in Wrong)),
        ]
        return "\n".join([*lines, *self._wrongs()])

    def _wrongs(self) -> Sequence[str]:
        return ["", *(f"- {what}: {words}" for what, words in self.ledger.wrongs[:50])] if self.ledger.wrongs else []


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
