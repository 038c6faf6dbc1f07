"""Regular grids: where their nodes are and how values between them are found."""

from .regular import nodes as nodes
