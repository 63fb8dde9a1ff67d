#include "counter.h"

#include <stdlib.h>

#include "words.h"

/* Rows that can be added before sums of bytes no longer fit into 16 bits. */
#define ROWS_AT_ONCE 256
/* Up to so many columns, adding up each is quicker than adding up all. */
#define FEW 8
#define WORDS_AHEAD 16

struct run {
    struct counter *counter;
    const struct plan *plan;
    u64 columns; /* of those that are wanted, the ones with words */
    u64 normalized;
    u64 *totals;
    u32 few; /* how many columns have words, and which, if each is added up on its own; 0 otherwise */
    u8 few_columns[FEW];
    u16 sums[COLUMNS];
    u32 summed;
    int failed;
};

static void leave(struct run *run, u32 column, const struct word *word) {
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
        (struct uncounted){column, (u32)(word->text - counter->text), word->length, (u32)word->opens};
}

static void count_miss(struct run *run, u32 column, const struct miss *miss) {
    const struct word *word = &miss->word;
    struct segment segment = {word->text, word->length, word->opens, run->normalized >> column & 1};
    u32 count = count_segment(run->plan->vocabularies[column], run->plan->all, &segment, &run->counter->room);
    if (count == NOT_COUNTED) {
        for (u32 time = 0; time < miss->times; time++) leave(run, column, word);
        return;
    }
    run->totals[column] += (u64)count * miss->times;
    if (miss->row && count < 256) remember(miss->row, column, count);
}

/* Count what waits. A word's row may be another word's by now. */
static void count_misses(struct run *run) {
    struct misses *misses = &run->counter->misses;
    u64 columns = 0;
    for (struct miss *miss = misses->all; miss < misses->all + misses->count; miss++) {
        miss->row = find_row(run->counter->rows, &miss->word);
        columns |= miss->columns;
    }
    for (; columns; columns &= columns - 1) {
        u32 column = (u32)__builtin_ctzll(columns);
        for (const struct miss *miss = misses->all; miss < misses->all + misses->count; miss++)
            if (miss->columns >> column & 1) count_miss(run, column, miss);
    }
    forget_misses(misses);
}

static void count_whole(struct run *run, u64 columns, const u8 *text, u32 length) {
    struct miss whole = {.word = {text, length, 1, 0}, .times = 1};
    for (; columns; columns &= columns - 1) count_miss(run, (u32)__builtin_ctzll(columns), &whole);
}

static void choose_columns(struct run *run) {
    if (__builtin_popcountll(run->columns) > FEW) return;
    for (u64 left = run->columns; left; left &= left - 1) run->few_columns[run->few++] = (u8)__builtin_ctzll(left);
}

static void add_sums(struct run *run) {
    for (u32 column = 0; column < COLUMNS; column++) run->totals[column] += run->sums[column];
    memset(run->sums, 0, sizeof run->sums);
    run->summed = 0;
}

static void add_row(struct run *run, const struct row *row) {
    for (u32 number = 0; number < run->few; number++)
        run->totals[run->few_columns[number]] += row->counts[run->few_columns[number]];
    if (run->few) return;
    for (u32 column = 0; column < COLUMNS; column++) run->sums[column] += row->counts[column];
    if (++run->summed == ROWS_AT_ONCE) add_sums(run);
}

/* Add what is known of the word; what is not waits. */
static void count_word(struct run *run, const struct word *word) {
    struct row *row = row_of(run->counter->rows, word);
    u64 missing = row ? run->columns & ~row->known : run->columns;
    if (row) add_row(run, row);
    if (!missing) return;
    struct misses *misses = &run->counter->misses;
    note_miss(misses, word, missing);
    if (misses->count == MISSES) count_misses(run);
}

/* Some words ahead, so that their rows come from memory while others are counted. */
static void count_words(struct run *run, const u8 *text, const u8 *end) {
    const struct characters *all = run->plan->all;
    const u8 *body = end_of_body(all, text, end), *next;
    struct word words[WORDS_AHEAD];
    u32 count = 0;
    for (const u8 *at = text; at < end; at = next) {
        next = next_cut(all, at, body, end);
        words[count] = word_at(at, (u32)(next - at), at == text);
        fetch_row(run->counter->rows, words + count++);
        if (count < WORDS_AHEAD && next < end) continue;
        for (u32 number = 0; number < count; number++) count_word(run, words + number);
        count = 0;
    }
    count_misses(run);
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
    counter->text = text;
    counter->uncounted_count = 0;
    if (!length) return 1;
    take_plan(counter, plan);
    struct run run = {.counter = counter, .plan = plan, .normalized = normalized, .totals = totals};
    run.columns = wanted & plan->has_words;
    choose_columns(&run);
    if (run.columns) count_words(&run, text, text + length);
    count_whole(&run, wanted & ~plan->has_words, text, length);
    return !run.failed;
}

void counter_learn(struct counter *counter, const u32 *tokens) {
    for (u32 number = 0; number < counter->uncounted_count; number++) {
        const struct uncounted *one = counter->uncounted + number;
        struct word word = word_at(counter->text + one->begin, one->length, (int)one->opens);
        struct row *row = find_row(counter->rows, &word);
        if (row && tokens[number] < 256) remember(row, one->column, tokens[number]);
    }
}

void counter_shrink(struct counter *counter) {
    scratch_shrink(&counter->room.text);
    scratch_shrink(&counter->room.symbols);
    scratch_shrink(&counter->room.work);
}
