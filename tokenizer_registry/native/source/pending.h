/*TOP*/
#ifndef WEIGHBRIDGE_PENDING_H
#define WEIGHBRIDGE_PENDING_H

#include "cache.h"

#define MAX_PENDING 512
#define PENDING_BUCKETS (2 * MAX_PENDING)

/* A word that came so many times, and the bits of the slots that have no count of it. */
struct pending_word {
    struct word word;
    u64 slots;
    u32 times;
    u8 *counts; /* where it is remembered, if anywhere */
};

struct pending {
    u32 count;
    struct pending_word all[MAX_PENDING];
    u16 buckets[PENDING_BUCKETS]; /* one more than a number of `all`, by hash; 0 in a free one */
};

/* Note a word, which may wait already. There must be buffers, which there is until `count` is MAX_PENDING. */
void add_pending(struct pending *pending, const struct word *word, u64 slots);

void clear_pending(struct pending *pending);

struct batch;

/* Count what waits, and remember it; and count the whole text for the slots of `whole`, which have no words. */
void count_pending(struct batch *batch, u64 whole);

#endif
