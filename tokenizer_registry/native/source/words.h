/* Texts cut into words. */
#ifndef WEIGHBRIDGE_WORDS_H
#define WEIGHBRIDGE_WORDS_H

#include "characters.h"

/* Where the text may be cut next: the space or line feed in front of a word, or `end`. `body` is where its last white
   space begins.

   A space may be cut at that follows a letter, a digit or one of a few marks, and a line feed that follows a letter or
   a digit: no vocabulary with words joins across such a place. What is behind the text's last word stays with it, for
   there patterns look at the end of the text. */
const u8 *next_cut(const struct characters *all, const u8 *at, const u8 *body, const u8 *end);

/* Where the white space begins that a text ends with. */
const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end);

#endif
