"""Kill the app N times at random moments of typing and tell how much of what was on the screen the drafts lost.

python scripts/kill_drafts.py [N] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.tui.draft_kills import LONGEST_LOSS, Typist

SIDE_BY_SIDE = 3


def lost(seed: int) -> tuple[int, int, float]:
    """Kill one run; give (characters on the screen, characters lost, seconds lost)."""
    with tempfile.TemporaryDirectory() as home:
        typist = Typist(Path(home), seed)
        typist.open()
        typist.type_for(typist.random.uniform(0.3, 4.4))
        typist.end()
        shown = typist.shown[-1][1] if typist.shown else 0
        return shown, max(0, shown - len(typist.saved)), typist.lost_seconds


def main(count: int, first: int) -> int:
    """Run them; 1 where one lost more than it may."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        rows = list(pool.map(lost, range(first, first + count)))
    worst = max(seconds for _, _, seconds in rows)
    print(f"{count} kills, {sum(shown for shown, _, _ in rows)} characters on the screen")
    print(
        f"most characters lost {max(gone for _, gone, _ in rows)}, most seconds lost {worst:.2f} of {LONGEST_LOSS:.0f}"
    )
    return int(worst > LONGEST_LOSS)


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:3]]
    sys.exit(main(*(numbers + [50, 0][len(numbers) :])))
