#include "sums.h"

/* Rows that can be added before sums of bytes no longer fit into 16 bits. */
#define ROWS_AT_ONCE 256

struct sums sums_of(u64 columns, u64 *totals) {
    struct sums sums = {.totals = totals};
    u64 left = columns & REMEMBERED_BITS;
    int is_few = __builtin_popcountll(left) <= FEW;
    for (; left; left &= left - 1) {
        u8 column = (u8)__builtin_ctzll(left);
        sums.is_wanted[column] = 1;
        if (is_few) sums.few_columns[sums.few++] = column;
    }
    return sums;
}

static u64 add_few(struct sums *sums, const u8 *counts) {
    u64 missing = 0;
    for (u32 number = 0; number < sums->few; number++) {
        u32 column = sums->few_columns[number];
        if (counts[column] == UNKNOWN) missing |= (u64)1 << column;
        else sums->totals[column] += counts[column];
    }
    return missing;
}

static u64 unknown_ones(const struct sums *sums, const u8 *counts) {
    u64 missing = 0;
    for (u32 column = 0; column < REMEMBERED; column++)
        missing |= (u64)(sums->is_wanted[column] && counts[column] == UNKNOWN) << column;
    return missing;
}

/* A loop that compilers make vectors of: which ones are unknown is asked only if any is. */
static u64 add_many(struct sums *sums, const u8 *counts) {
    u8 lacks = 0;
    for (u32 column = 0; column < REMEMBERED; column++) {
        u8 is_unknown = counts[column] == UNKNOWN;
        sums->waiting[column] += is_unknown ? 0 : counts[column];
        lacks |= is_unknown & sums->is_wanted[column];
    }
    if (++sums->rows == ROWS_AT_ONCE) finish_sums(sums);
    return lacks ? unknown_ones(sums, counts) : 0;
}

u64 add_counts(struct sums *sums, const u8 *counts) {
    return sums->few ? add_few(sums, counts) : add_many(sums, counts);
}

void finish_sums(struct sums *sums) {
    for (u32 column = 0; column < REMEMBERED; column++)
        if (sums->is_wanted[column]) sums->totals[column] += sums->waiting[column];
    memset(sums->waiting, 0, sizeof sums->waiting);
    sums->rows = 0;
}
