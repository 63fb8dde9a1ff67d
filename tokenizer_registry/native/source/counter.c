#include "counter.h"

#include <stdlib.h>

#include "run.h"
#include "words.h"

#define KEPT_UNCOUNTED (1u << 16)

/* Add what is known of the word; what is not waits. */
static void count_word(struct run *run, const struct word *word) {
    const u8 *counts = counts_of(run->counter->rows, word);
    u64 missing = run->columns;
    if (counts) missing = (missing & ~REMEMBERED_BITS) | add_counts(&run->sums, counts);
    if (!missing) return;
    struct misses *misses = &run->counter->misses;
    note_miss(misses, word, missing);
    if (misses->count == MISSES) count_misses(run, 0);
}

/* Some words ahead, so that their rows come from memory while others are counted. */
static void count_words(struct run *run) {
    const u8 *text = run->text, *end = text + run->length;
    struct cuts cuts = cuts_of(run->plan->all, text, end);
    const u8 *places[MAX_PLACES];
    struct word words[MAX_PLACES];
    for (const u8 *at = text; at < end;) {
        u32 count = next_places(&cuts, places);
        for (u32 number = 0; number < count; at = places[number++]) {
            note_word(words + number, at, (u32)(places[number] - at), at == text, end);
            fetch_row(run->counter->rows, words + number);
        }
        for (u32 number = 0; number < count; number++) count_word(run, words + number);
    }
    finish_sums(&run->sums);
}

/* Columns of `wanted` whose vocabulary takes this text word by word. What is normalized is no such text: its words are
   remembered as they were before. */
static u64 with_words(const struct plan *plan, const u8 *text, u32 length, u64 wanted) {
    u64 found = wanted & plan->has_words;
    for (u64 left = found & plan->has_joints; left; left &= left - 1) {
        u32 column = (u32)__builtin_ctzll(left);
        if (may_join(plan->vocabularies[column], text, length)) found &= ~((u64)1 << column);
    }
    return found;
}

static void take_plan(struct counter *counter, const struct plan *plan) {
    if (counter->plan == plan->serial) return;
    memset(counter->rows, 0, sizeof *counter->rows);
    counter->plan = plan->serial;
}

int count_text(
    struct counter *counter, const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
) {
    counter->uncounted_count = 0;
    if (!length) return 0;
    take_plan(counter, plan);
    u64 columns = with_words(plan, text, length, wanted & ~normalized);
    struct run run = {
        .counter = counter,
        .plan = plan,
        .text = text,
        .length = length,
        .columns = columns,
        .normalized = normalized,
        .totals = totals,
        .sums = sums_of(columns, totals),
        .is_leaving = ATOMIC_FLAG_INIT,
    };
    if (columns) count_words(&run);
    count_misses(&run, wanted & ~columns);
    return run.failed;
}

void counter_learn(
    struct counter *counter, const u8 *text, const struct uncounted *words, u32 count, const u32 *tokens
) {
    for (u32 number = 0; number < count; number++) {
        const struct uncounted *one = words + number;
        const u8 *at = text + one->begin;
        struct word word;
        note_word(&word, at, one->length, (int)one->opens, at + one->length);
        remember(find_counts(counter->rows, &word), one->column, tokens[number]);
    }
}

static void shrink(struct room *room) {
    scratch_shrink(&room->text);
    scratch_shrink(&room->symbols);
    scratch_shrink(&room->work);
}

void counter_shrink(struct counter *counter) {
    shrink(&counter->room);
    shrink(&counter->helpers_room);
    if (counter->uncounted_room <= KEPT_UNCOUNTED) return;
    free(counter->uncounted);
    counter->uncounted = NULL;
    counter->uncounted_room = 0;
}
