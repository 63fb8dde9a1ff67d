/* Texts cut into words. */
#ifndef WEIGHBRIDGE_WORDS_H
#define WEIGHBRIDGE_WORDS_H

#include "characters.h"

/* A text as it is cut. `low`: the bytes from `block` on that may be white space and were not looked at. */
struct cuts {
    const struct characters *all;
    const u8 *block, *body, *end; /* `body` is where the last white space begins */
    u64 low;
};

struct cuts cuts_of(const struct characters *all, const u8 *text, const u8 *end);

/* Where the text may be cut next: the space or line feed in front of a word, or `end`.

   A space may be cut at that follows a letter, a digit or one of a few marks, and a line feed that follows a letter or
   a digit: no vocabulary with words joins across such a place. What is behind the text's last word stays with it, for
   there patterns look at the end of the text. */
const u8 *next_cut(struct cuts *cuts);

#endif
