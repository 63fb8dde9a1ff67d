#include "text_column.h"

#include "utf8.h"

static u64 offset_at(const struct text_column *column, u64 row) {
    if (column->offset_bytes == sizeof(int32_t)) return (u64)((const int32_t *)column->offsets)[row];
    return (u64)((const int64_t *)column->offsets)[row];
}

static int is_null(const struct text_column *column, u64 row) {
    return column->validity && !(column->validity[row >> 3] >> (row & 7) & 1);
}

/* The slots without a result are put into `missing`. */
static enum row_state count_row(
    struct counter_set *set, const struct text_column *column, u64 row, u64 wanted, u64 *totals, u64 *missing
) {
    if (is_null(column, row)) return IS_NULL;
    u64 begin = offset_at(column, row), length = offset_at(column, row + 1) - begin;
    const u8 *text = column->texts + begin;
    if (!column->is_utf8 && !is_utf8(text, length)) return NOT_UTF8;
    struct unresolved *unresolved = NULL;
    int64_t found = weighbridge_count(set, text, length, wanted, 0, totals, 0, &unresolved);
    if (found < 0) *missing = wanted;
    for (int64_t number = 0; number < found; number++) *missing |= (u64)1 << unresolved->words[number].slot;
    weighbridge_free_unresolved(unresolved);
    return found ? LEFT_OVER : COUNTED;
}

u64 weighbridge_count_column(
    struct counter_set *set, const struct text_column *column, u64 wanted, int64_t *counts, u8 *states
) {
    u64 uncounted = 0;
    for (u64 number = 0; number < column->count; number++) {
        u64 totals[SLOTS] = {0}, missing = 0;
        enum row_state state = count_row(set, column, column->first + number, wanted, totals, &missing);
        states[number] = (u8)state;
        uncounted += state != COUNTED;
        int64_t *count = counts + number;
        for (u64 left = wanted; left; left &= left - 1, count += column->count) {
            u32 slot = (u32)__builtin_ctzll(left);
            *count = missing >> slot & 1 ? NOT_KNOWN : (int64_t)totals[slot];
        }
    }
    return uncounted;
}
