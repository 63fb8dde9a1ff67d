/* What is called from outside. */
#ifndef WEIGHBRIDGE_H
#define WEIGHBRIDGE_H

#include "counter.h"

#define EXPORTED __attribute__((visibility("default")))

struct place;

/* Count into `totals`, which has COLUMNS places. The columns of `normalized` take the text as normalized already.
   The number of words that are left uncounted; -1 without memory. If there are any, the place in `held` knows them and has
   to be released. */
EXPORTED int64_t weighbridge_count(
    const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals, struct place **held
);

EXPORTED void weighbridge_release(struct place *held);

#endif
