class Refusal(Exception):
    """A request that cannot be met, in one line that names the argument and the cure."""
