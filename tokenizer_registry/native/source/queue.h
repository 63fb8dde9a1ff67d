/* The merges that wait, the next one first: a binary heap. */
#ifndef WEIGHBRIDGE_QUEUE_H
#define WEIGHBRIDGE_QUEUE_H

#include "bytes.h"

/* `order` is the rank of the merge above the place of its left symbol; `sign` tells whether it is still to be done. */
struct waiting {
    u64 order;
    u32 sign;
};

struct queue {
    struct waiting *all;
    u32 size;
};

static inline void push(struct queue *queue, u32 rank, u32 place, u32 sign) {
    struct waiting added = {(u64)rank << 32 | place, sign};
    u32 at = queue->size++;
    for (; at; at = (at - 1) / 2) {
        u32 parent = (at - 1) / 2;
        if (queue->all[parent].order <= added.order) break;
        queue->all[at] = queue->all[parent];
    }
    queue->all[at] = added;
}

static inline struct waiting pop(struct queue *queue) {
    struct waiting first = queue->all[0], last = queue->all[--queue->size];
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
