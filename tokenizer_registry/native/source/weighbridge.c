/* What Python calls. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "places.h"
#include "weighbridge.h"

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

/* At most so many calls that have freed Python's lock are under way at once; the others wait. */
EXPORTED void weighbridge_allow_calls(u32 count) { allow_calls(count); }

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

static struct left *left_by(const struct place *place) {
    const struct counter *counter = &place->counter;
    size_t size = counter->uncounted_count * sizeof *counter->uncounted;
    struct left *left = malloc(sizeof *left + size);
    if (!left) return NULL;
    *left = (struct left){counter->plan, place->number, counter->uncounted_count};
    memcpy(left->words, counter->uncounted, size);
    return left;
}

/* What a count in this place answers. */
static int64_t answer(const struct place *place, int failure, struct left **left) {
    u32 count = place->counter.uncounted_count;
    if (failure) return failure == TOO_LONG ? TEXT_TOO_LONG : WITHOUT_MEMORY;
    if (count && !(*left = left_by(place))) return WITHOUT_MEMORY;
    return count;
}

int64_t weighbridge_count(
    const struct plan *plan, const u8 *text, u64 length, u64 wanted, u64 normalized, u64 *totals, int holds_lock,
    struct left **left
) {
    if (length > MAX_TEXT_BYTES) return TEXT_TOO_LONG;
    struct place *place = take_place(holds_lock);
    struct counter *counter = &place->counter;
    if (!counter->rows) counter->rows = new_rows();
    int failure = counter->rows ? count_text(counter, plan, text, (u32)length, wanted, normalized, totals) : NO_MEMORY;
    int64_t found = answer(place, failure, left);
    release_place(place);
    return found;
}

/* The places of the uncounted words, four numbers each: column, begin, length, and whether it opens its text. */
EXPORTED void weighbridge_left_words(const struct left *left, u32 *words) {
    memcpy(words, left->words, left->count * sizeof *left->words);
}

/* Remember what others counted for them, unless their place counts something else by now. */
EXPORTED void weighbridge_learn(const struct left *left, const u8 *text, const u32 *tokens) {
    struct place *place = take_place_again(left->place);
    if (!place) return;
    if (place->counter.plan == left->plan) counter_learn(&place->counter, text, left->words, left->count, tokens);
    release_place(place);
}

void weighbridge_free_left(struct left *left) { free(left); }

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
