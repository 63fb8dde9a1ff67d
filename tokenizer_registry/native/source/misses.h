/* Words that wait to be counted. They are counted column by column: the tables of one vocabulary stay in the caches of
   the processor while all that wait are counted with them, but not those of all vocabularies. */
#ifndef WEIGHBRIDGE_MISSES_H
#define WEIGHBRIDGE_MISSES_H

#include "rows.h"

#define MISSES 512
#define MISS_SLOTS (2 * MISSES)

/* A word that came so many times, and the bits of the columns that have no count of it. */
struct miss {
    struct word word;
    u64 columns;
    u32 times;
    u8 *counts; /* where it is remembered, if anywhere */
};

struct misses {
    u32 count;
    struct miss all[MISSES];
    u16 slots[MISS_SLOTS]; /* one more than a number of `all`, by hash; 0 in a free one */
};

/* Note a word, which may wait already. There must be room, which there is until `count` is MISSES. */
void note_miss(struct misses *misses, const struct word *word, u64 columns);

void forget_misses(struct misses *misses);

#endif
