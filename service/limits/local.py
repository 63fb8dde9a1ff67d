"""The limit on calls in a second, within one process."""

from collections import deque

from service.limits.allowance import Allowance

WINDOW_MICROSECONDS = 1_000_000


class LocalWindows:
    """Each account's admissions by this process in the past second.

    A process grants its share of the allowance: as many parts as there are workers, rounded down,
    at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._windows: dict[str, deque[int]] = {}
        self._sweep_at = 1024

    def __len__(self) -> int:
        """How many accounts are held."""
        return len(self._windows)

    def share(self, allowance: Allowance) -> int:
        """The calls in a second that this process may admit by itself."""
        return max(allowance.calls_per_second // self._workers, 1)

    def remaining(self, account_id: str, allowance: Allowance, now_microseconds: int) -> int:
        """How many calls this process may admit right now."""
        return max(self.share(allowance) - len(self._recent(account_id, now_microseconds)), 0)

    def record(self, account_id: str, now_microseconds: int) -> None:
        """One call was admitted."""
        if len(self._windows) >= self._sweep_at:
            self._sweep(now_microseconds)
        self._windows.setdefault(account_id, deque()).append(now_microseconds)

    def wait_microseconds(self, account_id: str, allowance: Allowance, now_microseconds: int) -> int:
        """Time until a place is free; 0 if there is one."""
        recent = self._recent(account_id, now_microseconds)
        over = len(recent) - self.share(allowance)
        return recent[over] + WINDOW_MICROSECONDS - now_microseconds if over >= 0 else 0

    def _recent(self, account_id: str, now_microseconds: int) -> deque[int]:
        window = self._windows.get(account_id)
        if window is None:
            return deque()
        while window and window[0] <= now_microseconds - WINDOW_MICROSECONDS:
            window.popleft()
        return window

    def _sweep(self, now_microseconds: int) -> None:
        """Forget accounts without a recent call; the next sweep comes when they have doubled."""
        horizon = now_microseconds - WINDOW_MICROSECONDS
        self._windows = {name: window for name, window in self._windows.items() if window and window[-1] > horizon}
        self._sweep_at = max(2 * len(self._windows), 1024)
