"""When topics may be pushed and built again: often enough for who looks, seldom enough for what it costs."""

from collections.abc import Mapping

from aion.live.topic_state import TopicState

UNSEEN = 10  # pause after builds of topics that no stream has, in times of what they took together
ROUND_S = 0.02  # from the start of a round to that of the next which nobody waits for: it builds what came meanwhile
SLOW_S = 0.02  # a topic that takes longer is built for who asks alone, as long as no stream has it
LONGEST_REST_S = 5.0  # after a push, however large it was


class Pace:
    """Says when; times are those of the event loop's clock, in seconds."""

    def __init__(self, push_hz: float, most_bytes_s: Mapping[str, float]) -> None:
        """Args: push_hz: pushes a second of a topic; most_bytes_s: as `Topic.most_bytes_s`, by topic."""
        self._pause_s = 1 / push_hz
        self._most_bytes_s = most_bytes_s
        self.round_at = float("-inf")
        """When the next round may start that nobody waits for."""
        self._unseen_at = float("-inf")

    def begin_round(self, now_s: float) -> None:
        """Note that a round starts."""
        self.round_at = now_s + min(ROUND_S, self._pause_s)

    def end_round(self, now_s: float, unseen_s: float) -> None:
        """Note that a round has ended, and how long it took for topics that no stream has."""
        self._unseen_at = max(self._unseen_at, now_s + UNSEEN * unseen_s)

    def due(self, state: TopicState, *, is_seen: bool) -> float:
        """Return when a topic may be pushed again; one that no stream has, built again."""
        if is_seen:
            return state.sent_at + max(self._pause_s, state.rest_s)
        if state.took_s > SLOW_S:
            return float("inf")
        return max(state.built_at + self._pause_s, self._unseen_at)

    def limits(self, state: TopicState) -> bool:
        """Tell whether it matters how large the pushes of a topic are."""
        return state.name in self._most_bytes_s

    def note_sent(self, state: TopicState, size: int) -> None:
        """Note that each stream was sent `size` bytes of a topic."""
        state.rest_s = min(LONGEST_REST_S, size / self._most_bytes_s[state.name])
