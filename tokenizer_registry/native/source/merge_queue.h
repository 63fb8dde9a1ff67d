/* A priority queue of merges, the first one first: a binary heap.

   Invariant: no merge is before the one above it in the heap. */
#ifndef WEIGHBRIDGE_MERGE_QUEUE_H
#define WEIGHBRIDGE_MERGE_QUEUE_H

#include "bytes.h"

/* `order`: the merge's rank above the place of its left symbol. `length`: bytes of the string it makes; the entry is stale
   if the two symbols have another length now. */
struct queued_merge {
    u64 order;
    u32 length;
};

struct queue {
    struct queued_merge *all;
    u32 size;
};

static inline void push(struct queue *queue, u32 rank, u32 place, u32 length) {
    struct queued_merge added = {(u64)rank << 32 | place, length};
    u32 at = queue->size++;
    for (; at; at = (at - 1) / 2) {
        u32 parent = (at - 1) / 2;
        if (queue->all[parent].order <= added.order) break;
        queue->all[at] = queue->all[parent];
    }
    queue->all[at] = added;
}

static inline struct queued_merge pop(struct queue *queue) {
    struct queued_merge first = queue->all[0], last = queue->all[--queue->size];
    u32 at = 0;
    for (u32 child = 1; child < queue->size; child = 2 * at + 1) {
        if (child + 1 < queue->size && queue->all[child + 1].order < queue->all[child].order) child++;
        if (last.order <= queue->all[child].order) break;
        queue->all[at] = queue->all[child];
        at = child;
    }
    queue->all[at] = last;
    return first;
}

#endif
