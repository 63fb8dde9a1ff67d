/*TOP*/
#ifndef WEIGHBRIDGE_BATCH_H
#define WEIGHBRIDGE_BATCH_H

#include <stdatomic.h>
#include "counting.h"
#include "pending.h"

/* A word, or a text, that has to be normalized by the owner's normalizer first. */
struct unresolved_word {
    u32 slot, begin, length, is_first;
};

/* What one call at a time counts with. The cache are those of one set. */
struct counter {
    struct cache *cache;
    u64 set;
    struct buffers buffers, helper_buffers;
    struct pending pending;
    struct unresolved_word *unresolved;
    u32 unresolved_count, unresolved_capacity;
};

/* The vocabularies by slot, those that may be cut into words, of these the ones with boundaries, and those that may leave
   words to others. No two sets of a process have one serial. */
struct counter_set {
    u64 serial;
    const struct characters *all;
    struct vocabulary *vocabularies[SLOTS];
    u64 has_words, has_boundaries, may_be_unresolved;
};

/* Add the tokens to `totals` for each slot whose bit is set in `wanted`; those of `normalized` take the text as
   normalized already. What is left to the owners' libraries stands in `unresolved`. 0, or the failure. */
int count_text(
    struct counter *counter, const struct counter_set *set, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
);

/* Remember the tokens of words that were left unresolved in this text. */
void counter_learn(
    struct counter *counter, const u8 *text, const struct unresolved_word *words, u32 count, const u32 *tokens
);

/* Give back what a long text needed. */
void counter_shrink(struct counter *counter);

/* One text being counted. */
struct batch {
    struct counter *counter;
    const struct counter_set *set;
    const u8 *text;
    u32 length;
    u64 slots; /* of those that are wanted, the ones that take the text word by word */
    u64 normalized;
    u64 *totals;
    struct sums sums;
    atomic_int failed; /* an enum failure */
    atomic_flag is_adding; /* of the unresolved */
    _Atomic u64 shared; /* slots of which two threads take group after group */
};

#endif
