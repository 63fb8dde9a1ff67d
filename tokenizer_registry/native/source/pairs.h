/* A table from two neighbouring tokens to the one that they merge into, laid out to be mapped from a file. */
#ifndef WEIGHBRIDGE_PAIRS_H
#define WEIGHBRIDGE_PAIRS_H

#include "bytes.h"

struct merge {
    u32 left, right; /* left is 0xFFFFFFFF in a free slot */
    u32 rank, token;
};

#define FREE UINT32_MAX

struct pairs {
    u32 capacity;
    const struct merge *slots;
};

static inline u32 first_pair_slot(u32 left, u32 right, u32 capacity) {
    u64 hash = mixed((u64)left << 32 | right, 0x9E3779B97F4A7C15u);
    return (u32)(((hash & 0xFFFFFFFFu) * capacity) >> 32);
}

static inline const struct merge *find_pair(const struct pairs *table, u32 left, u32 right) {
    u32 place = first_pair_slot(left, right, table->capacity);
    for (;; place = place + 1 == table->capacity ? 0 : place + 1) {
        const struct merge *slot = table->slots + place;
        if (slot->left == left && slot->right == right) return slot;
        if (slot->left == FREE) return NULL;
    }
}

/* Fill free slots with the merges, whose ranks are their places; of two for one pair the last one stays. */
void fill_pairs(struct merge *slots, u32 capacity, const u32 *lefts, const u32 *rights, const u32 *tokens, u32 count);

#endif
