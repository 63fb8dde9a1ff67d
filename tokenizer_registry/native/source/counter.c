#include "counter.h"

#include <stdlib.h>

/* Rows that can be added before sums of bytes no longer fit into 16 bits. */
#define ROWS_AT_ONCE 256
/* Up to so many columns, adding up each is quicker than adding up all. */
#define FEW 8

struct run {
    struct counter *counter;
    const struct plan *plan;
    const u8 *text;
    u64 normalized;
    u64 *totals;
    u32 few; /* how many columns are wanted, and which, if each is added up on its own; 0 otherwise */
    u8 wanted[FEW];
    u16 sums[COLUMNS];
    u32 summed;
    int failed;
};

static void leave(struct run *run, u32 column, const u8 *word, u32 length, int opens, struct row *row) {
    struct counter *counter = run->counter;
    if (counter->uncounted_count == counter->uncounted_room) {
        u32 room = counter->uncounted_room * 2 + 64;
        struct uncounted *all = realloc(counter->uncounted, room * sizeof *all);
        if (!all) {
            run->failed = 1;
            return;
        }
        counter->uncounted = all;
        counter->uncounted_room = room;
    }
    counter->uncounted[counter->uncounted_count++] =
        (struct uncounted){column, (u32)(word - run->text), length, (u32)opens, row, row ? row->hash : 0};
}

/* Count for the columns whose bits are set; what fits is remembered in the row, if there is one. */
static void count_columns(struct run *run, u64 columns, const u8 *word, u32 length, int opens, struct row *row) {
    for (; columns; columns &= columns - 1) {
        u32 column = (u32)__builtin_ctzll(columns);
        const struct vocabulary *vocabulary = run->plan->vocabularies[column];
        struct segment segment = {word, length, opens, run->normalized >> column & 1};
        u32 count = count_segment(vocabulary, run->plan->all, &segment, &run->counter->room);
        if (count == NOT_COUNTED) leave(run, column, word, length, opens, row);
        else if (row && count < 256) remember(row, column, count);
        else run->totals[column] += count;
    }
}

static void choose_columns(struct run *run, u64 wanted) {
    if (__builtin_popcountll(wanted) > FEW) return;
    for (; wanted; wanted &= wanted - 1) run->wanted[run->few++] = (u8)__builtin_ctzll(wanted);
}

static void add_sums(struct run *run) {
    for (u32 column = 0; column < COLUMNS; column++) run->totals[column] += run->sums[column];
    memset(run->sums, 0, sizeof run->sums);
    run->summed = 0;
}

static void count_word(struct run *run, u64 columns, const u8 *word, u32 length, int opens) {
    if (length > WORD_BYTES) {
        count_columns(run, columns, word, length, opens, NULL);
        return;
    }
    struct row *row = row_of(run->counter->rows, word, length, opens);
    u64 missing = columns & ~row->known;
    if (missing) count_columns(run, missing, word, length, opens, row);
    if (run->few) {
        for (u32 number = 0; number < run->few; number++)
            run->totals[run->wanted[number]] += row->counts[run->wanted[number]];
        return;
    }
    for (u32 column = 0; column < COLUMNS; column++) run->sums[column] += row->counts[column];
    if (++run->summed == ROWS_AT_ONCE) add_sums(run);
}

static void take_plan(struct counter *counter, const struct plan *plan) {
    if (counter->plan == plan->serial) return;
    memset(counter->rows, 0, ROWS * sizeof *counter->rows);
    counter->plan = plan->serial;
}

int count_text(
    struct counter *counter, const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
) {
    counter->uncounted_count = 0;
    if (!length) return 1;
    take_plan(counter, plan);
    struct run run = {.counter = counter, .plan = plan, .text = text, .normalized = normalized, .totals = totals};
    const u8 *end = text + length, *body = end_of_body(plan->all, text, end);
    u64 words = wanted & plan->has_words;
    choose_columns(&run, words);
    for (const u8 *at = text, *next; words && at < end; at = next) {
        next = next_cut(plan->all, at, body, end);
        count_word(&run, words, at, (u32)(next - at), at == text);
    }
    add_sums(&run);
    count_columns(&run, wanted & ~plan->has_words, text, length, 1, NULL);
    return !run.failed;
}

void counter_shrink(struct counter *counter) {
    scratch_shrink(&counter->room.text);
    scratch_shrink(&counter->room.symbols);
    scratch_shrink(&counter->room.work);
}
