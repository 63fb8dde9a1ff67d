/* Byte pair encoding where each merge is of two given tokens: that of `tokenizers`. */
#ifndef WEIGHBRIDGE_MERGE_PAIRS_H
#define WEIGHBRIDGE_MERGE_PAIRS_H

#include "pairs.h"
#include "scratch.h"

/* Merge the symbols, given by their tokens' numbers; how many are left. UINT32_MAX if there is no memory. */
u32 merge_by_pair(const struct pairs *merges, u32 *tokens, u32 count, struct scratch *scratch);

#endif
