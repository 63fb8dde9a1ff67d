/* Cuts a text into words.

   Invariant: no vocabulary with words has a token across such a cut, so that the counts of words add up to that of the
   text. What follows the last word stays with it, because patterns look at the end of a text. */
#ifndef WEIGHBRIDGE_WORDS_H
#define WEIGHBRIDGE_WORDS_H

#include "characters.h"

/* Cuts found in one step, or up to a block more. */
#define CUTS_AT_ONCE 32
#define MAX_CUTS (CUTS_AT_ONCE + BLOCK_BYTES)

/* The progress in a text. `body`: where the white space begins that the text ends with. */
struct cutter {
    const struct characters *all;
    const u8 *text, *block, *body, *end;
};

struct cutter start_cutting(const struct characters *all, const u8 *text, const u8 *end);

/* Put the next cuts into `cuts`, which has room for MAX_CUTS, and return how many: in front of words at a space or line
   feed, and at the end of the text. A space is a cut if it follows a letter, a digit or one of a few marks; a line
   feed, if it follows a letter or a digit. */
u32 next_cuts(struct cutter *cutter, const u8 **cuts);

/* Return the last cut before `at` or there, and the first one behind it; the begin and the end of the text are cuts. */
const u8 *cut_before(const struct cutter *cutter, const u8 *at);

const u8 *cut_behind(const struct cutter *cutter, const u8 *at);

#endif
