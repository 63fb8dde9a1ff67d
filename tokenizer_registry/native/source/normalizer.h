/* Normalizes texts as the vocabulary's own normalizer does, character by character.

   Invariant: a text is normalized here only if each character can be normalized on its own; otherwise the reference
   normalizer is needed. */
#ifndef WEIGHBRIDGE_NORMALIZER_H
#define WEIGHBRIDGE_NORMALIZER_H

#include "counting.h"

static const u8 META_SPACE[3] = {0xE2, 0x96, 0x81}; /* U+2581, SentencePiece's sign for a space */

/* Return the normalized text, and put its length into `length`. Return NULL if a character depends on its neighbours,
   or on failure. */
u8 *normalize(
    const struct vocabulary *vocabulary, const struct characters *all, const u8 *text, u32 *length,
    struct scratch *scratch, int *failed
);

/* Return the text with meta spaces for its spaces, and one in front if the vocabulary wants a space there. Return NULL
   on failure. */
const u8 *with_meta_spaces(struct counting *c, const u8 *text, u32 *length, int is_first);

/* Return a copy of the text in lower case, with room for a byte behind it. Return NULL on failure. */
u8 *lower_case(struct counting *c, const u8 *text, u32 *length);

/* Return the first character that may show that the text is not in the vocabulary's normal form, or NULL if it is: all
   characters are plain, marks in the order of their combining classes, or not composed with the one before. */
const u8 *find_unnormalized(const struct counting *c, const u8 *text, const u8 *end);

#endif
