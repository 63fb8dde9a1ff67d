/* A text under way, and what of it is counted column by column. */
#ifndef WEIGHBRIDGE_RUN_H
#define WEIGHBRIDGE_RUN_H

#include <stdatomic.h>

#include "counter.h"
#include "sums.h"

/* One text being counted. */
struct run {
    struct counter *counter;
    const struct plan *plan;
    const u8 *text;
    u32 length;
    u64 columns; /* of those that are wanted, the ones that take the text word by word */
    u64 normalized;
    u64 *totals;
    struct sums sums;
    atomic_int failed; /* an enum failure */
    atomic_flag is_leaving; /* of the uncounted */
    _Atomic u64 shared; /* columns of which two threads take group after group */
};

/* Count what waits, and remember it; and count the whole text for the columns of `whole`, which have no words. */
void count_misses(struct run *run, u64 whole);

#endif
