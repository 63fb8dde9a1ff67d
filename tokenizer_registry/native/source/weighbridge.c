/* What Python calls. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "weighbridge.h"


/* As many calls can be under way at once; a call more waits for one of them. */
#define COUNTERS 64

/* A call takes the first counter that is free, so that words which one thread has met are known to the next. */
static struct place {
    atomic_flag is_taken;
    struct counter counter;
} places[COUNTERS];

static atomic_uint_fast64_t plans;

/* In large pages, where the system has them: words lie all over the rows, and few pages are known to the processor. */
static struct rows *new_rows(void) {
    void *rows = mmap(NULL, sizeof(struct rows), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    madvise(rows, sizeof(struct rows), MADV_HUGEPAGE);
#endif
    return rows;
}

static struct place *take_place(void) {
    for (;; sched_yield())
        for (struct place *place = places; place < places + COUNTERS; place++)
            if (!atomic_flag_test_and_set(&place->is_taken)) return place;
}

static void release(struct place *place) {
    counter_shrink(&place->counter);
    atomic_flag_clear(&place->is_taken);
}

/* A plan without vocabularies; `characters` stays where it is. NULL if there is no memory. */
EXPORTED struct plan *weighbridge_plan(const void *characters) {
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan) return NULL;
    plan->serial = atomic_fetch_add(&plans, 1) + 1;
    plan->all = characters;
    return plan;
}

EXPORTED void weighbridge_free(struct plan *plan) {
    for (u32 column = 0; column < COLUMNS; column++) free(plan->vocabularies[column]);
    free(plan);
}

/* Put the packed vocabulary, which stays where it is, into a column. 0 if it is none, or there is no memory. */
EXPORTED int weighbridge_add(struct plan *plan, u32 column, const void *packed, u64 size, int has_words) {
    struct vocabulary *vocabulary = column < COLUMNS ? malloc(sizeof *vocabulary) : NULL;
    if (!vocabulary || !read_vocabulary(vocabulary, packed, size)) {
        free(vocabulary);
        return 0;
    }
    plan->vocabularies[column] = vocabulary;
    if (has_words) plan->has_words |= (u64)1 << column;
    if (vocabulary->joints.count) plan->has_joints |= (u64)1 << column;
    if (may_leave(vocabulary)) plan->may_leave |= (u64)1 << column;
    return 1;
}

int64_t weighbridge_count(
    const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals, struct place **held
) {
    struct place *place = take_place();
    struct counter *counter = &place->counter;
    if (!counter->rows) counter->rows = new_rows();
    int done = counter->rows && count_text(counter, plan, text, length, wanted, normalized, totals);
    int64_t left = done ? (int64_t)counter->uncounted_count : -1;
    if (left > 0) *held = place;
    else release(place);
    return left;
}

/* The places of the uncounted words, four numbers each: column, begin, length, and whether it opens its text. */
EXPORTED void weighbridge_uncounted(const struct place *held, u32 *words) {
    memcpy(words, held->counter.uncounted, held->counter.uncounted_count * sizeof *held->counter.uncounted);
}

/* Remember what others counted for them. Their text must still be where it was. */
EXPORTED void weighbridge_learn(struct place *held, const u32 *tokens) { counter_learn(&held->counter, tokens); }

void weighbridge_release(struct place *held) { release(held); }

EXPORTED void weighbridge_fill_strings(struct slot *slots, u32 capacity, const u32 *offsets, const u8 *text, u32 count) {
    fill_strings(slots, capacity, offsets, text, count);
}

/* Set a bit for each of the strings that a packed vocabulary makes one token of. 0 if it is none, or without memory. */
EXPORTED int weighbridge_whole(
    const void *packed, u64 size, const u32 *offsets, const u8 *text, u32 count, u8 *bits
) {
    struct vocabulary vocabulary;
    struct room room = {0};
    if (!read_vocabulary(&vocabulary, packed, size)) return 0;
    for (u32 number = 0; number < count; number++) {
        u32 length = offsets[number + 1] - offsets[number];
        if (length && count_own_text(&vocabulary, text + offsets[number], length, &room) == 1)
            bits[number >> 3] |= (u8)(1 << (number & 7));
    }
    scratch_free(&room.text);
    scratch_free(&room.symbols);
    scratch_free(&room.work);
    return 1;
}
