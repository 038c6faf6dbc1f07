"""Published skies by name: fields as one paper used them together, with its Sun and cells that reach their edge."""

from .catalogue import list as list
from .catalogue import load as load
from .preset import Entry as Entry
from .preset import Listing as Listing
from .preset import Preset as Preset
