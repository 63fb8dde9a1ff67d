/* Words that are not in the cache yet and wait to be counted.

   They are counted slot by slot: the tables of one vocabulary stay in the processor's caches while all pending words
   are counted with it; the tables of all vocabularies would not.

   Invariant: a word is pending at most once for the same missing slots, with the number of times it occurred. */
#ifndef WEIGHBRIDGE_PENDING_H
#define WEIGHBRIDGE_PENDING_H

#include "cache.h"

#define MAX_PENDING 512
#define PENDING_BUCKETS (2 * MAX_PENDING)

/* A word that occurred `times` times, and the slots that have no count of it. */
struct pending_word {
    struct word word;
    u64 slots;
    u32 times;
    u8 *counts; /* in the cache; NULL if the word has no entry */
};

struct pending {
    u32 count;
    struct pending_word all[MAX_PENDING];
    u16 buckets[PENDING_BUCKETS]; /* a hash table: 1 + the index in `all`, 0 if free */
};

/* Add a word, or count it once more if it is pending already. `count` must be below MAX_PENDING. */
void add_pending(struct pending *pending, const struct word *word, u64 slots);

void clear_pending(struct pending *pending);

struct batch;

/* Count the pending words and cache the results; count the text as a whole for the slots of `whole`. */
void count_pending(struct batch *batch, u64 whole);

#endif
