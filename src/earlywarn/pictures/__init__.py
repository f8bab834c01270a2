"""Draw a quality sheet: reliability, lists of other sizes, candidates, groups, and what moves the margin.

Plain values and arrays in, the bytes of pictures out; the same input gives the same bytes. Never reads a file
and never measures: what a picture shows stands in the sheet already, or comes in as attributions.
"""

from earlywarn.pictures.canvas import Picture
from earlywarn.pictures.features import Moves
from earlywarn.pictures.gallery import draw_pictures

__all__ = ["Moves", "Picture", "draw_pictures"]
