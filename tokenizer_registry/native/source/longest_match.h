/* The longest token that a text begins with, again and again, as of RWKV's trie.

   Invariant: each byte is a token, so that every text is covered. */
#ifndef WEIGHBRIDGE_LONGEST_MATCH_H
#define WEIGHBRIDGE_LONGEST_MATCH_H

#include "string_table.h"

/* Return the number of tokens. The table has tokens and all their prefixes; `are_tokens` has a bit for each of both. */
u32 count_longest_matches(const struct string_table *table, const u8 *are_tokens, const u8 *text, u32 length);

#endif
