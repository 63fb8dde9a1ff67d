/* What is called from outside. */
#ifndef WEIGHBRIDGE_H
#define WEIGHBRIDGE_H

#include "counter.h"

#define EXPORTED __attribute__((visibility("default")))

/* What a count answers in place of a number of words. */
enum { WITHOUT_MEMORY = -1, TEXT_TOO_LONG = -2 };

/* Words of a text that are left uncounted, and the place that counted the others, which may remember them. */
struct left {
    u64 plan;
    u32 place, count;
    struct uncounted words[];
};

/* Count into `totals`, which has COLUMNS places. The columns of `normalized` take the text as normalized already.
   `holds_lock`: the caller holds Python's. The number of words that are left uncounted, WITHOUT_MEMORY or TEXT_TOO_LONG.
   If there are any words, `left` has them and is to be freed. */
EXPORTED int64_t weighbridge_count(
    const struct plan *plan, const u8 *text, u64 length, u64 wanted, u64 normalized, u64 *totals, int holds_lock,
    struct left **left
);

EXPORTED void weighbridge_free_left(struct left *left);

#endif
