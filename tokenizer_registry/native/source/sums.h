/* Adding up the counts of rows. */
#ifndef WEIGHBRIDGE_SUMS_H
#define WEIGHBRIDGE_SUMS_H

#include "rows.h"

/* Up to so many columns, adding up each is quicker than adding up all. */
#define FEW 8

struct sums {
    u64 *totals;
    u32 few; /* how many columns are wanted, and which, if each is added up on its own; 0 otherwise */
    u8 few_columns[FEW];
    u8 is_wanted[REMEMBERED];
    u16 waiting[REMEMBERED]; /* of as many rows as `rows`, not yet in the totals */
    u32 rows;
};

/* For the columns whose bits are set, as far as a row has them. */
struct sums sums_of(u64 columns, u64 *totals);

/* Add what is known. The bits of the columns that are wanted and not known. */
u64 add_counts(struct sums *sums, const u8 *counts);

/* Bring the totals up to date. */
void finish_sums(struct sums *sums);

#endif
