"""The characters that stand for marks in a marked text.

They are noncharacters, which no text should hold; where one does, `cleaning` replaces it first.
"""

from typing import Final

WORD_BEGINS: Final = "\ufdd0"
WORD_ENDS: Final = "\ufdd1"
SHIFT: Final = "\ufdd3"
CAPS: Final = "\ufdd4"
# Stands for a character that no piece holds.
UNCOVERED: Final = "\ufdd5"
# Follows a character that is two tokens by itself, but may lie within a piece.
SECOND_HALF: Final = "\ufdd6"

# What text may not contain, and the noncharacter that is put in its place: like them in everything.
RESERVED: Final = "\ufdd0-\ufdd6"
STAND_IN: Final = "\ufdef"
