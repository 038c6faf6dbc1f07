"""Ctrl-C in the middle of a fit."""

import contextlib

import pytest

from sightline.inference.journal import Journal


@contextlib.contextmanager
def stopped_after(monkeypatch, steps):
    """Ctrl-C after so many steps."""
    counted = []

    def step(self, loss):
        counted.append(loss)
        if len(counted) == steps:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "step", step)
        with contextlib.suppress(KeyboardInterrupt):
            yield
            pytest.fail("it was not interrupted")
