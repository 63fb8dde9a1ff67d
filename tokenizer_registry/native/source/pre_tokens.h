/*TOP*/
#ifndef WEIGHBRIDGE_PRE_TOKENS_H
#define WEIGHBRIDGE_PRE_TOKENS_H

#include "counting.h"

/* Behind the text it may be read up to `end`. `is_first`: the span begins its text; every other one begins with the
   space or line feed that it was cut at. */
struct span {
    const u8 *text, *end;
    u32 length;
    int is_first, is_normalized;
};

#define UNRESOLVED UINT32_MAX

/* Whether there are texts that only the owner's normalizer brings into form. */
int may_be_unresolved(const struct vocabulary *vocabulary);

/* The number of tokens. UNRESOLVED where the owner's normalizer has to do its part first, or there is no memory. */
u32 count_span(struct counting *c, const struct span *span);

/* What becomes of a piece of text, not cut: how it is found which tokens are whole. */
u32 count_own_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct buffers *buffers);

#endif
