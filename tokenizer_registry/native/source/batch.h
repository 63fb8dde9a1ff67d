/* Counts one text for a batch of vocabularies.

   Invariant: after count_text, each wanted slot has either all its tokens in `totals`, or the words that are missing
   there are in `unresolved`. */
#ifndef WEIGHBRIDGE_BATCH_H
#define WEIGHBRIDGE_BATCH_H

#include <stdatomic.h>

#include "counting.h"
#include "pending.h"
#include "piece_table.h"

/* A word, or a whole text, that only the reference normalizer can normalize. `is_first`: it begins its text. */
struct unresolved_word {
    u32 slot, begin, length, is_first;
};

/* The state of one call at a time. `cache` and `pieces` belong to the counter set with the serial `set`; `seldom_normal` are
   its slots whose last text had words that had to be normalized. `given` is a text of Python's and its UTF-8. */
struct counter {
    struct cache *cache;
    struct piece_table *pieces;
    u64 set, seldom_normal;
    struct buffers buffers, helper_buffers;
    struct scratch given;
    struct pending pending;
    struct unresolved_word *unresolved;
    u32 unresolved_count, unresolved_capacity;
};

/* Where a vocabulary was read from, how many bytes it has counted alone, its copy (hot_vocabularies.h), and what that
   replaced. */
struct packed_source {
    const void *content;
    u64 size;
    _Atomic u64 used;
    void *copy;
    struct vocabulary *replaced;
};

/* Vocabularies by slot, and the slots that take texts word by word, of these the ones with tokens across the end of a
   word, and those whose words may be unresolved. Each set of a process has its own serial. */
struct counter_set {
    u64 serial;
    const struct characters *all;
    struct vocabulary *_Atomic vocabularies[SLOTS];
    struct packed_source sources[SLOTS];
    atomic_uint copies;
    u64 has_words, has_boundaries, may_be_unresolved, has_pieces;
};

/* Add the number of tokens to `totals` for each slot whose bit is set in `wanted`. The slots in `normalized` take the
   text as already normalized. Words that need a reference library are put into `unresolved`. Return 0 or the failure. */
int count_text(
    struct counter *counter, struct counter_set *set, const u8 *text, u32 length, u64 wanted, u64 normalized,
    u64 *totals
);

/* Return room for another unresolved word; NULL if there is no memory. */
struct unresolved_word *next_unresolved(struct counter *counter);

/* Cache the tokens of words of this text that were unresolved. */
void counter_learn(
    struct counter *counter, const u8 *text, const struct unresolved_word *words, u32 count, const u32 *tokens
);

/* Free the memory that only a long text needs. */
void counter_shrink(struct counter *counter);

/* A text that is being counted. */
struct batch {
    struct counter *counter;
    struct counter_set *set;
    const u8 *text;
    u32 length;
    u64 slots; /* the wanted slots that take the text word by word */
    u64 normalized;
    u64 *totals;
    struct sums sums;
    atomic_int failed; /* an enum failure */
    atomic_flag is_adding; /* a lock of `counter->unresolved` */
    _Atomic u64 shared; /* slots that two threads still have to count, group by group */
};

#endif
