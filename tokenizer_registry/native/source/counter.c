#include "counter.h"

#include <stdlib.h>

#include "sums.h"
#include "words.h"

struct run {
    struct counter *counter;
    const struct plan *plan;
    u64 columns; /* of those that are wanted, the ones with words */
    u64 normalized;
    u64 *totals;
    struct sums sums;
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
    remember(miss->counts, column, count);
}

/* Count what waits. A word's row may be another's by now. */
static void count_misses(struct run *run) {
    struct misses *misses = &run->counter->misses;
    u64 columns = 0;
    for (struct miss *miss = misses->all; miss < misses->all + misses->count; miss++) {
        miss->counts = find_counts(run->counter->rows, &miss->word);
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
    struct miss whole = {.word = {.text = text, .length = length, .opens = 1}, .times = 1};
    for (; columns; columns &= columns - 1) count_miss(run, (u32)__builtin_ctzll(columns), &whole);
}

/* Add what is known of the word; what is not waits. */
static void count_word(struct run *run, const struct word *word) {
    const u8 *counts = counts_of(run->counter->rows, word);
    u64 missing = run->columns;
    if (counts) missing = (missing & ~REMEMBERED_BITS) | add_counts(&run->sums, counts);
    if (!missing) return;
    struct misses *misses = &run->counter->misses;
    note_miss(misses, word, missing);
    if (misses->count == MISSES) count_misses(run);
}

/* Some words ahead, so that their rows come from memory while others are counted. */
static void count_words(struct run *run, const u8 *text, const u8 *end) {
    struct cuts cuts = cuts_of(run->plan->all, text, end);
    const u8 *places[MOST_PLACES];
    struct word words[MOST_PLACES];
    for (const u8 *at = text; at < end;) {
        u32 count = next_places(&cuts, places);
        for (u32 number = 0; number < count; at = places[number++]) {
            note_word(words + number, at, (u32)(places[number] - at), at == text, end);
            fetch_row(run->counter->rows, words + number);
        }
        for (u32 number = 0; number < count; number++) count_word(run, words + number);
    }
    count_misses(run);
    finish_sums(&run->sums);
}

static void take_plan(struct counter *counter, const struct plan *plan) {
    if (counter->plan == plan->serial) return;
    memset(counter->rows, 0, sizeof *counter->rows);
    counter->plan = plan->serial;
}

int count_text(
    struct counter *counter, const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
) {
    counter->text = text;
    counter->uncounted_count = 0;
    if (!length) return 1;
    take_plan(counter, plan);
    u64 columns = wanted & plan->has_words;
    struct run run = {counter, plan, columns, normalized, totals, sums_of(columns, totals), 0};
    if (columns) count_words(&run, text, text + length);
    count_whole(&run, wanted & ~plan->has_words, text, length);
    return !run.failed;
}

void counter_learn(struct counter *counter, const u32 *tokens) {
    for (u32 number = 0; number < counter->uncounted_count; number++) {
        const struct uncounted *one = counter->uncounted + number;
        const u8 *text = counter->text + one->begin;
        struct word word;
        note_word(&word, text, one->length, (int)one->opens, text + one->length);
        remember(find_counts(counter->rows, &word), one->column, tokens[number]);
    }
}

void counter_shrink(struct counter *counter) {
    scratch_shrink(&counter->room.text);
    scratch_shrink(&counter->room.symbols);
    scratch_shrink(&counter->room.work);
}
