/* Counts a column of texts in one call: Apache Arrow's arrays of strings, as they are in memory.

   Invariant: a row whose state is COUNTED has the counts that weighbridge_count gives for its text alone. */
#ifndef WEIGHBRIDGE_TEXT_COLUMN_H
#define WEIGHBRIDGE_TEXT_COLUMN_H

#include "weighbridge.h"

/* `count` rows from row `first` on. A text is in `texts` between two neighbouring offsets, `rows` + 1 numbers of 32 or
   64 bits. `validity` has a bit for each row, 0 if it is null; NULL if no row is. `is_utf8`: all texts are known to be
   UTF-8, and are not checked again. */
struct text_column {
    const u8 *texts;
    const void *offsets;
    const u8 *validity;
    u64 first, count, offset_bytes, is_utf8;
};

/* LEFT_OVER: some slots have NOT_KNOWN, because the text is too long for them, has words that need a reference library,
   or there was no memory. */
enum row_state { COUNTED, IS_NULL, NOT_UTF8, LEFT_OVER };

#define NOT_KNOWN (-1)

/* Put the tokens of each row into `counts`: `count` numbers for each slot of `wanted`, in order; and what became of the
   row into `states`. Return the number of rows that are not COUNTED. Needs no lock of Python. */
EXPORTED u64 weighbridge_count_column(
    struct counter_set *set, const struct text_column *column, u64 wanted, int64_t *counts, u8 *states
);

#endif
