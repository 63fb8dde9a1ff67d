/* The normalizer of a SentencePiece model: its precompiled character map, as it stands in the model's file. Of the rules for
   strings that begin at a place the longest one holds, and what no rule is for is kept.

   Invariant: no rule is for printable ASCII before another byte of ASCII, which is copied without looking. */
#ifndef WEIGHBRIDGE_CHARSMAP_H
#define WEIGHBRIDGE_CHARSMAP_H

#include "bytes.h"
#include "scratch.h"

/* `units`: a double array as the library Darts-clone makes it, with places in `into`, which has strings that end with 0. */
struct charsmap {
    const u32 *units;
    const u8 *into;
};

/* Return the normalized text, with spaces for meta spaces, and put its length into `length`. Return NULL and set `failed`
   if it is too long, or there is no memory. */
const u8 *map_characters(
    const struct charsmap *map, const u8 *text, u32 *length, struct scratch *scratch, int *failed
);

#endif
