/*TOP*/
#ifndef WEIGHBRIDGE_WORDS_H
#define WEIGHBRIDGE_WORDS_H

#include "characters.h"

/* Bytes that are looked at together: a bit for each. */
#define BLOCK_BYTES 64
/* So many cuts are found at once, or a few more. */
#define CUTS_AT_ONCE 32
#define MAX_CUTS (CUTS_AT_ONCE + BLOCK_BYTES)

/* A text as it is cut; `body` is where the white space begins that it ends with. */
struct cutter {
    const struct characters *all;
    const u8 *text, *block, *body, *end;
};

struct cutter start_cutting(const struct characters *all, const u8 *text, const u8 *end);

/* The next cuts where the text is cut: spaces and line feeds in front of words, and at last its end. How many they
   are; `cuts` has room for MAX_CUTS.

   A space may be cut at that follows a letter, a digit or one of a few marks, and a line feed that follows a letter or
   a digit: no vocabulary with words joins across such a place. What is behind the text's last word stays with it, for
   there patterns look at the end of the text. */
u32 next_cuts(struct cutter *cutter, const u8 **cuts);

#endif
