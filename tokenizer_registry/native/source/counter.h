/* One text counted for many vocabularies. */
#ifndef WEIGHBRIDGE_COUNTER_H
#define WEIGHBRIDGE_COUNTER_H

#include "misses.h"
#include "segment.h"

/* A word, or a text, that has to be normalized by the owner's normalizer first. */
struct uncounted {
    u32 column, begin, length, opens;
};

/* What one call at a time counts with. The rows are those of one plan. */
struct counter {
    struct rows *rows;
    u64 plan;
    struct room room, helpers_room;
    struct misses misses;
    struct uncounted *uncounted;
    u32 uncounted_count, uncounted_room;
};

/* The vocabularies by column, those that may be cut into words, of these the ones with joints, and those that may leave
   words to others. No two plans of a process have one serial. */
struct plan {
    u64 serial;
    const struct characters *all;
    struct vocabulary *vocabularies[COLUMNS];
    u64 has_words, has_joints, may_leave;
};

/* Add the tokens to `totals` for each column whose bit is set in `wanted`; those of `normalized` take the text as
   normalized already. What is left to the owners' libraries stands in `uncounted`. 0, or the failure. */
int count_text(
    struct counter *counter, const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
);

/* Remember the tokens of words that were left uncounted in this text. */
void counter_learn(
    struct counter *counter, const u8 *text, const struct uncounted *words, u32 count, const u32 *tokens
);

/* Give back what a long text needed. */
void counter_shrink(struct counter *counter);

#endif
