/* Byte pair encoding where the rank of a merge is that of the string it makes: tiktoken's, and SentencePiece's. */
#ifndef WEIGHBRIDGE_MERGE_RANKS_H
#define WEIGHBRIDGE_MERGE_RANKS_H

#include "scratch.h"
#include "strings.h"

/* What may be merged; the rank of a string is its number, unless `ranks` has another: equal ones go from left to right. */
struct merges_by_rank {
    const struct strings *strings;
    const u32 *ranks;
};

/* Merge the symbols that begin at `begins[0]`, ... of the text; `begins[count]` is their end. The number that is left;
   their places are in `begins` then. ABSENT if there is no memory. */
u32 merge_by_rank(
    const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count, struct scratch *scratch
);

#endif
