/* Where the pre-tokens of a text begin, for 64 bytes at a time and by bit arithmetic, for patterns of a few families.

   Invariant: a border is where match_split begins a match, unless an `unsure` place is in the pre-token before it; then
   borders hold again from a `solid` one on at which a match begins. */
#ifndef WEIGHBRIDGE_BORDERS_H
#define WEIGHBRIDGE_BORDERS_H

#include "kinds.h"

/* How patterns differ. */
enum {
    SPACE_ONLY = 1,           /* only a space is taken in front of letters, else whatever is no letter, digit or line end */
    SPACE_BEFORE_DIGITS = 2,  /* a space is taken in front of digits */
    DIGITS_ALONE = 4,         /* each digit is a pre-token */
    DIGITS_BY_THREE = 8,
    WHITE_BEFORE_DIGITS = 16, /* white space in front of digits is not divided */
    SPLITS_CASES = 32,        /* an upper-case letter behind a lower-case one begins a word */
    CONTRACTIONS_FIRST = 64,  /* an apostrophe with certain letters is a pre-token */
    CONTRACTIONS_LAST = 128,  /* these belong to the word before them */
    FOLDS_CONTRACTIONS = 256, /* their letters may be upper case */
    SLASHES_END_LINES = 512,  /* slashes behind a line end belong to the punctuation before it */
};

/* What a block hands on to the next. Of its last byte, the kinds, 0 or 1 each. */
struct border_state {
    u64 letter, lower, caseless, punctuation, digit, white, blank, space, line, han;
    u64 fresh, joined; /* see borders.c */
    u64 contractions, contraction_ends; /* places in the next block */
    u32 digits; /* at the end of the block, since the last border, below 3 */
};

/* Bits of a block. */
struct borders {
    u64 all, unsure, solid;
};

/* `of` has the kinds of the block, `next` those of the block behind it. Memory is readable up to `end`. */
struct borders find_borders(
    struct border_state *state, u32 style, const u8 *block, const u8 *end, const struct kinds *of,
    const struct kinds *next
);

#endif
