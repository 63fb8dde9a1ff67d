/* What Python calls. Every thread has a counter of its own, which ends with it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "counter.h"

#define ROWS_BYTES (ROWS * sizeof(struct row))
#define EXPORTED __attribute__((visibility("default")))

static pthread_key_t counter_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint_fast64_t plans;

static void free_counter(void *given) {
    struct counter *counter = given;
    munmap(counter->rows, ROWS_BYTES);
    free(counter->room.text.room);
    free(counter->room.symbols.room);
    free(counter->room.work.room);
    free(counter->uncounted);
    free(counter);
}

static void make_key(void) { pthread_key_create(&counter_key, free_counter); }

/* In large pages, where the system has them: words lie all over the rows, and few pages are known to the processor. */
static struct row *rows_of_a_thread(void) {
    void *rows = mmap(NULL, ROWS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    madvise(rows, ROWS_BYTES, MADV_HUGEPAGE);
#endif
    return rows;
}

static struct counter *own_counter(void) {
    pthread_once(&once, make_key);
    struct counter *counter = pthread_getspecific(counter_key);
    if (counter) return counter;
    counter = calloc(1, sizeof *counter);
    if (!counter) return NULL;
    counter->rows = rows_of_a_thread();
    if (!counter->rows) {
        free(counter);
        return NULL;
    }
    pthread_setspecific(counter_key, counter);
    return counter;
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
    return 1;
}

/* Count into `totals`, which has COLUMNS places. The columns of `normalized` take the text as normalized already.
   The number of words that are left uncounted; -1 without memory. */
EXPORTED int64_t weighbridge_count(
    const struct plan *plan, const u8 *text, u32 length, u64 wanted, u64 normalized, u64 *totals
) {
    struct counter *counter = own_counter();
    if (!counter) return -1;
    int done = count_text(counter, plan, text, length, wanted, normalized, totals);
    counter_shrink(counter);
    return done ? (int64_t)counter->uncounted_count : -1;
}

/* The places of so many uncounted words, four numbers each: column, begin, length, and whether it opens its text. */
EXPORTED void weighbridge_uncounted(u32 count, u32 *places) {
    const struct uncounted *all = own_counter()->uncounted;
    for (u32 number = 0; number < count; number++) memcpy(places + 4 * number, all + number, 4 * sizeof *places);
}

/* Remember what the owners' libraries counted for them. */
EXPORTED void weighbridge_learn(u32 count, const u32 *tokens) {
    const struct uncounted *all = own_counter()->uncounted;
    for (u32 number = 0; number < count; number++)
        if (all[number].row && all[number].row->hash == all[number].hash && tokens[number] < 256)
            remember(all[number].row, all[number].column, tokens[number]);
}

EXPORTED void weighbridge_fill_strings(struct slot *slots, u32 capacity, const u32 *offsets, const u8 *text, u32 count) {
    fill_strings(slots, capacity, offsets, text, count);
}

/* Set a bit for each of the strings that a packed vocabulary makes one token of. 0 if it is none, or without memory. */
EXPORTED int weighbridge_whole(
    const void *packed, u64 size, const u32 *offsets, const u8 *text, u32 count, u8 *bits
) {
    struct vocabulary vocabulary;
    struct counter *counter = own_counter();
    if (!counter || !read_vocabulary(&vocabulary, packed, size)) return 0;
    for (u32 number = 0; number < count; number++) {
        u32 length = offsets[number + 1] - offsets[number];
        if (length && count_own_text(&vocabulary, text + offsets[number], length, &counter->room) == 1)
            bits[number >> 3] |= (u8)(1 << (number & 7));
    }
    return 1;
}

EXPORTED void weighbridge_fill_pairs(
    struct merge *slots, u32 capacity, const u32 *lefts, const u32 *rights, const u32 *tokens, u32 count
) {
    fill_pairs(slots, capacity, lefts, rights, tokens, count);
}
