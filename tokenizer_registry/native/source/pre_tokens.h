/* From a word, or a whole text, to its number of tokens with one vocabulary: normalize it, take out added tokens, split
   the rest into pre-tokens, count each with the vocabulary's model.

   Invariant: a span is counted exactly as the reference library counts it, or it is UNRESOLVED. */
#ifndef WEIGHBRIDGE_PRE_TOKENS_H
#define WEIGHBRIDGE_PRE_TOKENS_H

#include "counting.h"

/* A word, or a text that is not cut into words. Memory behind it is readable up to `end`. `is_first`: it begins its
   text; any other word begins with the space or line feed that it was cut at. */
struct span {
    const u8 *text, *end;
    u32 length;
    int is_first, is_normalized;
};

#define UNRESOLVED UINT32_MAX

/* Return whether some texts can be normalized by the reference normalizer only. */
int may_be_unresolved(const struct vocabulary *vocabulary);

/* Return the number of tokens; UNRESOLVED if the reference normalizer is needed first, or on failure. */
u32 count_span(struct counting *c, const struct span *span);

/* Return the number of tokens of a token's own text, not split: 1 if the model makes that token of it. */
u32 count_token_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct buffers *buffers);

#endif
