"""Methods that add up the light of emitters."""

from .emitters import Emitters as Emitters
from .exact import Exact as Exact
from .method import AbstractMethod as AbstractMethod
from .nodes import RayWarning as RayWarning
from .nodes import VelocityNodes as VelocityNodes
from .nodes import VelocityWarning as VelocityWarning
