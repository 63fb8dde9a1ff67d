#include "run.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* Words times columns: from here on a second thread gains more than it takes to start it. */
#define WORTH_A_THREAD 4000
/* About. */
#define BYTES_OF_A_WORD 6
/* The columns of group 0. */
#define EVERY_GROUPS_FIRST (u64)0x0001000100010001

static struct uncounted *room_for_one(struct counter *counter) {
    if (counter->uncounted_count == counter->uncounted_room) {
        u32 room = counter->uncounted_room * 2 + 64;
        struct uncounted *all = realloc(counter->uncounted, room * sizeof *all);
        if (!all) return NULL;
        counter->uncounted = all;
        counter->uncounted_room = room;
    }
    return counter->uncounted + counter->uncounted_count++;
}

static void leave(struct run *run, u32 column, const struct word *word) {
    while (atomic_flag_test_and_set(&run->is_leaving)) sched_yield();
    struct uncounted *one = room_for_one(run->counter);
    if (one) *one = (struct uncounted){column, (u32)(word->text - run->text), word->length, (u32)word->opens};
    else run->failed = NO_MEMORY;
    atomic_flag_clear(&run->is_leaving);
}

static void count_miss(struct run *run, u32 column, struct counting *c, const struct miss *miss) {
    const struct word *word = &miss->word;
    const u8 *end = run->text + run->length;
    struct segment segment = {word->text, end, word->length, word->opens, run->normalized >> column & 1};
    u32 count = count_segment(c, &segment);
    if (count != NOT_COUNTED) {
        run->totals[column] += (u64)count * miss->times;
        remember(miss->counts, column, count);
    } else if (!c->failed && run->plan->may_leave >> column & 1) {
        for (u32 time = 0; time < miss->times; time++) leave(run, column, word);
    } else {
        run->failed = c->failed ? c->failed : NO_MEMORY;
    }
}

static void count_column(struct run *run, u32 column, struct room *room) {
    struct rows *rows = column < REMEMBERED ? run->counter->rows : NULL;
    struct known_pieces known = {rows ? rows->pieces[group_of(column)] : NULL, column / GROUPS};
    struct counting c = {.vocabulary = run->plan->vocabularies[column], .all = run->plan->all, .room = room, .known = known};
    if (!(run->columns >> column & 1)) {
        struct miss whole = {.word = {.text = run->text, .length = run->length, .opens = 1}, .times = 1};
        count_miss(run, column, &c, &whole);
        return;
    }
    const struct misses *misses = &run->counter->misses;
    for (const struct miss *miss = misses->all; miss < misses->all + misses->count; miss++)
        if (miss->columns >> column & 1) count_miss(run, column, &c, miss);
}

/* Columns of one group after the other. */
static void count_shared(struct run *run, struct room *room) {
    for (u64 left = run->shared; left; left = run->shared) {
        u32 group = group_of((u32)__builtin_ctzll(left));
        u64 taken = left & EVERY_GROUPS_FIRST << group;
        if (!atomic_compare_exchange_weak(&run->shared, &left, left & ~taken)) continue;
        for (; taken; taken &= taken - 1) count_column(run, (u32)__builtin_ctzll(taken), room);
    }
}

static void *help(void *run) {
    count_shared(run, &((struct run *)run)->counter->helpers_room);
    return NULL;
}

static u32 size(u64 columns) { return (u32)__builtin_popcountll(columns); }

static int is_worth_a_thread(const struct run *run, u64 columns, u64 whole) {
    return size(columns | whole) > 1 &&
           run->counter->misses.count * size(columns) + run->length / BYTES_OF_A_WORD * size(whole) >= WORTH_A_THREAD;
}

/* In two threads, if that is worth it: what takes time is to fetch tables from memory, which each does on its own. */
static void count_columns(struct run *run, u64 columns, u64 whole) {
    run->shared = columns | whole;
    pthread_t helper;
    int is_helped = is_worth_a_thread(run, columns, whole) && !pthread_create(&helper, NULL, help, run);
    count_shared(run, &run->counter->room);
    if (is_helped) pthread_join(helper, NULL);
}

void count_misses(struct run *run, u64 whole) {
    struct misses *misses = &run->counter->misses;
    u64 columns = 0;
    /* A word's row may be another's by now. */
    for (struct miss *miss = misses->all; miss < misses->all + misses->count; miss++) {
        miss->counts = find_counts(run->counter->rows, &miss->word);
        columns |= miss->columns;
    }
    count_columns(run, columns, whole);
    forget_misses(misses);
}
