#include "pending.h"

#include <pthread.h>
#include <sched.h>

#include "batch.h"
#include "pre_tokens.h"

static inline int is_same_word(const struct word *one, const struct word *other) {
    return one->hash == other->hash && one->length == other->length && one->is_first == other->is_first &&
           are_equal(one->text, other->text, one->length);
}

/* The missing slots differ if another word has taken the word's cache entry in the meantime. */
static inline int is_pending(const struct pending_word *one, const struct word *word, u64 slots) {
    return one->slots == slots && is_same_word(&one->word, word);
}

void add_pending(struct pending *pending, const struct word *word, u64 slots) {
    u32 bucket = (u32)(word->hash >> 16) & (PENDING_BUCKETS - 1);
    for (; pending->buckets[bucket]; bucket = (bucket + 1) & (PENDING_BUCKETS - 1)) {
        struct pending_word *one = pending->all + pending->buckets[bucket] - 1;
        if (!is_pending(one, word, slots)) continue;
        one->times++;
        return;
    }
    pending->all[pending->count] = (struct pending_word){.word = *word, .slots = slots, .times = 1};
    pending->buckets[bucket] = (u16)++pending->count;
}

void clear_pending(struct pending *pending) {
    if (!pending->count) return;
    memset(pending->buckets, 0, sizeof pending->buckets);
    pending->count = 0;
}

/* Words times slots: above this, a second thread saves more than starting it costs. */
#define WORTH_A_THREAD 4000
/* An average, to estimate the number of words of a text. */
#define BYTES_OF_A_WORD 6
/* The bits of the slots of group 0. */
#define EVERY_GROUPS_FIRST (u64)0x0001000100010001

static void add_unresolved(struct batch *batch, u32 slot, const struct word *word) {
    while (atomic_flag_test_and_set(&batch->is_adding)) sched_yield();
    struct unresolved_word *one = next_unresolved(batch->counter);
    if (one) *one = (struct unresolved_word){slot, (u32)(word->text - batch->text), word->length, (u32)word->is_first};
    else batch->failed = NO_MEMORY;
    atomic_flag_clear(&batch->is_adding);
}

static void count_pending_word(struct batch *batch, u32 slot, struct counting *c, const struct pending_word *one) {
    const struct word *word = &one->word;
    const u8 *end = batch->text + batch->length;
    struct span span = {word->text, end, word->length, word->is_first, batch->normalized >> slot & 1};
    u32 count = count_span(c, &span);
    if (count != UNRESOLVED) {
        batch->totals[slot] += (u64)count * one->times;
        cache_count(one->counts, slot, count);
    } else if (!c->failed && batch->set->may_be_unresolved >> slot & 1) {
        for (u32 time = 0; time < one->times; time++) add_unresolved(batch, slot, word);
    } else {
        batch->failed = c->failed ? c->failed : NO_MEMORY;
    }
}

static void count_slot(struct batch *batch, u32 slot, struct buffers *buffers) {
    struct cache *cache = slot < CACHED_SLOTS ? batch->counter->cache : NULL;
    struct pre_token_cache known = {cache ? cache->pre_tokens[group_of(slot)] : NULL, slot / GROUPS};
    const struct counter_set *set = batch->set;
    struct counting c = {.vocabulary = set->vocabularies[slot], .all = set->all, .buffers = buffers, .known = known};
    if (!(batch->slots >> slot & 1)) {
        struct pending_word whole = {.word = {.text = batch->text, .length = batch->length, .is_first = 1}, .times = 1};
        count_pending_word(batch, slot, &c, &whole);
        return;
    }
    const struct pending *pending = &batch->counter->pending;
    for (const struct pending_word *one = pending->all; one < pending->all + pending->count; one++)
        if (one->slots >> slot & 1) count_pending_word(batch, slot, &c, one);
}

/* Take a group of slots at a time until none is left. */
static void count_shared(struct batch *batch, struct buffers *buffers) {
    for (u64 left = batch->shared; left; left = batch->shared) {
        u32 group = group_of((u32)__builtin_ctzll(left));
        u64 taken = left & EVERY_GROUPS_FIRST << group;
        if (!atomic_compare_exchange_weak(&batch->shared, &left, left & ~taken)) continue;
        for (; taken; taken &= taken - 1) count_slot(batch, (u32)__builtin_ctzll(taken), buffers);
    }
}

static void *help(void *batch) {
    count_shared(batch, &((struct batch *)batch)->counter->helper_buffers);
    return NULL;
}

static u32 size(u64 slots) { return (u32)__builtin_popcountll(slots); }

static int is_worth_a_thread(const struct batch *batch, u64 slots, u64 whole) {
    u32 words = batch->counter->pending.count * size(slots) + batch->length / BYTES_OF_A_WORD * size(whole);
    return size(slots | whole) > 1 && words >= WORTH_A_THREAD;
}

/* Use two threads if that is worth it: most time goes into loading tables from memory, which two threads do in
   parallel. */
static void count_slots(struct batch *batch, u64 slots, u64 whole) {
    batch->shared = slots | whole;
    pthread_t helper;
    int is_helped = is_worth_a_thread(batch, slots, whole) && !pthread_create(&helper, NULL, help, batch);
    count_shared(batch, &batch->counter->buffers);
    if (is_helped) pthread_join(helper, NULL);
}

void count_pending(struct batch *batch, u64 whole) {
    struct pending *pending = &batch->counter->pending;
    u64 slots = 0;
    /* Another word may have taken the entry since the word became pending. */
    for (struct pending_word *one = pending->all; one < pending->all + pending->count; one++) {
        one->counts = find_counts(batch->counter->cache, &one->word);
        slots |= one->slots;
    }
    count_slots(batch, slots, whole);
    clear_pending(pending);
}
