#include "counter.h"

#include <stdlib.h>

/* Rows that can be added before sums of bytes no longer fit into 16 bits. */
#define ROWS_AT_ONCE 256
/* Up to so many columns, adding up each is quicker than adding up all. */
#define FEW 8
#define WORDS_AHEAD 16

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

static void count_word(struct run *run, u64 columns, const struct word *word) {
    if (word->length > WORD_BYTES) {
        count_columns(run, columns, word->text, word->length, word->opens, NULL);
        return;
    }
    struct row *row = row_of(run->counter->rows, word);
    u64 missing = columns & ~row->known;
    if (missing) count_columns(run, missing, word->text, word->length, word->opens, row);
    if (run->few) {
        for (u32 number = 0; number < run->few; number++)
            run->totals[run->wanted[number]] += row->counts[run->wanted[number]];
        return;
    }
    for (u32 column = 0; column < COLUMNS; column++) run->sums[column] += row->counts[column];
    if (++run->summed == ROWS_AT_ONCE) add_sums(run);
}

/* Some words ahead, so that their rows come from memory while others are counted. */
static void count_words(struct run *run, u64 columns, const u8 *end) {
    const struct characters *all = run->plan->all;
    const u8 *body = end_of_body(all, run->text, end), *next;
    struct word words[WORDS_AHEAD];
    u32 count = 0;
    for (const u8 *at = run->text; at < end; at = next) {
        next = next_cut(all, at, body, end);
        note_word(words + count++, run->counter->rows, at, (u32)(next - at), at == run->text);
        if (count < WORDS_AHEAD && next < end) continue;
        for (u32 number = 0; number < count; number++) count_word(run, columns, words + number);
        count = 0;
    }
    add_sums(run);
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
    u64 words = wanted & plan->has_words;
    choose_columns(&run, words);
    if (words) count_words(&run, words, text + length);
    count_columns(&run, wanted & ~plan->has_words, text, length, 1, NULL);
    return !run.failed;
}

void counter_shrink(struct counter *counter) {
    scratch_shrink(&counter->room.text);
    scratch_shrink(&counter->room.symbols);
    scratch_shrink(&counter->room.work);
}
