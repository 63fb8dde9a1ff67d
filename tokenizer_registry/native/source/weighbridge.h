/*TOP*/
#ifndef WEIGHBRIDGE_WEIGHBRIDGE_H
#define WEIGHBRIDGE_WEIGHBRIDGE_H

#include "batch.h"

#define EXPORTED __attribute__((visibility("default")))

/* What a count answers in workspace of a number of words. */
enum { WITHOUT_MEMORY = -1, TEXT_TOO_LONG = -2 };

/* Words of a text that are left unresolved, and the workspace that counted the others, which may remember them. */
struct unresolved {
    u64 set;
    u32 workspace, count;
    struct unresolved_word words[];
};

/* Count into `totals`, which has SLOTS workspaces. The slots of `normalized` take the text as normalized already.
   `holds_lock`: the caller holds Python's. The number of words that are left unresolved, WITHOUT_MEMORY or TEXT_TOO_LONG.
   If there are any words, `left` has them and is to be freed. */
EXPORTED int64_t weighbridge_count(
    const struct counter_set *set, const u8 *text, u64 length, u64 wanted, u64 normalized, u64 *totals, int holds_lock,
    struct unresolved **left
);

EXPORTED void weighbridge_free_unresolved(struct unresolved *left);

#endif
