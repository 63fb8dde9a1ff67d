/* Counts a text with one vocabulary: cut into pre-tokens, each looked up among those seen before, then among the tokens,
   then merged. words.h is for many vocabularies, which share the work of cutting and looking up.

   Invariant: the count is that of count_span for the whole text. */
#ifndef WEIGHBRIDGE_PIECES_H
#define WEIGHBRIDGE_PIECES_H

#include "batch.h"

/* Return whether texts can be counted this way: of byte-level vocabularies with one pattern and pairs of tokens. */
int has_pieces(const struct vocabulary *vocabulary);

enum pieces_result { PIECES_FAILED, PIECES_COUNTED, PIECES_NOT_NORMALIZED };

/* Add the tokens of the text to the total of the slot. Return whether it is counted, has to be counted another way, or has
   to be normalized before it is counted. */
enum pieces_result count_by_pieces(
    struct counter *counter, struct counter_set *set, u32 slot, const u8 *text, u32 length, int is_normalized,
    u64 *total
);

/* Return how many characters may show that the text is not in the normal form of the slot's vocabulary, and stop looking
   at `most`. */
u64 unnormalized_places(const struct counter_set *set, u32 slot, const u8 *text, u32 length, u64 most);

/* Count as count_by_pieces does a text that is not normalized, if the slot takes texts word by word: its words that have
   to be normalized become unresolved. */
enum pieces_result count_normalized_pieces(
    struct counter *counter, struct counter_set *set, u32 slot, const u8 *text, u32 length, u64 *total
);

#endif
