"""What to cite for a simulation, as BibTeX."""

from .bibliography import Bibliography as Bibliography
from .bibliography import citation as citation
