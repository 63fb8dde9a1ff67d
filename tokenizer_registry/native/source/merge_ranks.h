/* Byte pair encoding where the rank of a merge is that of the string it makes: tiktoken's, and SentencePiece's. */
#ifndef WEIGHBRIDGE_MERGE_RANKS_H
#define WEIGHBRIDGE_MERGE_RANKS_H

#include "scratch.h"
#include "strings.h"

/* In a table of pairs: no token has these two characters side by side. */
#define NEVER_JOINED (ABSENT - 1)

/* What may be merged; the rank of a string is its number, unless `ranks` has another: equal ones go from left to right.
   `ascii_pairs` has the ranks of two characters of ASCII. */
struct merges_by_rank {
    const struct strings *strings;
    const u32 *ranks, *ascii_pairs;
};

static inline u32 ascii_pair(const u32 *pairs, const u8 *at) { return pairs[(u32)at[0] << 7 | at[1]]; }

/* Merge the symbols that begin at `begins[0]`, ... of the text; `begins[count]` is their end. The number that is left;
   their places are in `begins` then. ABSENT if there is no memory. */
u32 merge_by_rank(
    const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count, struct scratch *scratch
);

#endif
