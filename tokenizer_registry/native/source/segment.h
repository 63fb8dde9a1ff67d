/* Counting a segment: a word, or a text that is not cut. */
#ifndef WEIGHBRIDGE_SEGMENT_H
#define WEIGHBRIDGE_SEGMENT_H

#include "piece.h"

/* Behind the text it may be read up to `end`. `opens`: the segment begins its text; every other one begins with the
   space or line feed that it was cut at. */
struct segment {
    const u8 *text, *end;
    u32 length;
    int opens, is_normalized;
};

#define NOT_COUNTED UINT32_MAX

/* Whether there are texts that only the owner's normalizer brings into form. */
int may_leave(const struct vocabulary *vocabulary);

/* The number of tokens. NOT_COUNTED where the owner's normalizer has to do its part first, or there is no memory. */
u32 count_segment(struct counting *c, const struct segment *segment);

/* What becomes of a piece of text, not cut: how it is found which tokens are whole. */
u32 count_own_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct room *room);

#endif
