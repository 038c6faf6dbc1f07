"""What a method tells while it runs: its state to a checkpoint, its steps to a screen."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .checkpoint import Checkpoint, pack, unpack

SHARE = 50  # writing takes one part in so many of the time of a run


class State(NamedTuple):
    """Everything from which a method continues: what it does next depends on nothing else.

    - `arrays`: a PyTree; `history`: the loss after every step; `held_out`: log likelihoods of held-out data.
    - `status`: how it ended, empty while it has not; `reason`: in words, where it failed.
    """

    arrays: Any
    history: list[float]
    held_out: list[float]
    status: str = ""
    reason: str = ""


class Journal:
    """The state of one start of a fit, kept in a checkpoint or nowhere, and its steps on a screen.

    When a state is written depends on the clock; what is computed from it does not.
    """

    def __init__(self, checkpoint: Checkpoint | None, name: str, advance: Callable[..., None]):
        self._checkpoint, self._name, self._advance, self._next = checkpoint, name, advance, 0.0

    def begin(self, arrays: Any) -> State:
        """The last state kept, or the first one; both have passed through the same conversion."""
        kept = self._checkpoint.read(self._name) if self._checkpoint else None
        if self._checkpoint is None or kept is None:
            return State(unpack(pack(arrays), arrays), [], [])
        with self._checkpoint.damaged(self._name):
            history, held_out = (kept.pop(name).tolist() for name in ("history", "held_out"))
            status, reason = (str(kept.pop(name)) for name in ("status", "reason"))
            state = State(unpack(kept, arrays), history, held_out, status, reason)
        self._advance(len(history))
        return state

    def keep(self, state: State) -> State:
        """Writes a state if it is an end, or if the last was written long enough ago."""
        if self._checkpoint is not None and (state.status or time.monotonic() >= self._next):
            begun = time.monotonic()
            lists = {"history": np.asarray(state.history, float), "held_out": np.asarray(state.held_out, float)}
            words = {"status": np.asarray(state.status), "reason": np.asarray(state.reason)}
            self._checkpoint.write(self._name, pack(state.arrays) | lists | words)
            self._next = time.monotonic() + SHARE * (time.monotonic() - begun)
        return state

    def step(self, loss: float) -> None:
        """Shows one step."""
        self._advance(1, loss=loss)
