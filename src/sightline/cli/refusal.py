class Refusal(Exception):
    """A request that cannot be met, in one line that names the argument and the cure."""


class Failure(Exception):
    """What could not be drawn or written down of a run whose results are kept, in one line."""
