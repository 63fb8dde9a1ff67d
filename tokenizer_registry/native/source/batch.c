#include "batch.h"

#include <stdlib.h>

#include "hot_vocabularies.h"
#include "huge_pages.h"
#include "pieces.h"
#include "pre_tokens.h"
#include "words.h"

#define MAX_KEPT_UNRESOLVED (1u << 16)
/* With more places to normalize than one in so many bytes a text is counted by words. */
#define BYTES_PER_UNNORMALIZED_PLACE 1024

/* Add the cached counts of a word; where some are missing, the word becomes pending. */
static void count_word(struct batch *batch, const struct word *word) {
    const u8 *counts = find_or_add_counts(batch->counter->cache, word);
    u64 missing = batch->slots;
    if (counts) missing = (missing & ~CACHED_SLOT_BITS) | add_counts(&batch->sums, counts);
    if (!missing) return;
    struct pending *pending = &batch->counter->pending;
    add_pending(pending, word, missing);
    if (pending->count == MAX_PENDING) count_pending(batch, 0);
}

/* Prefetch the cache entries of several words before the first of them is counted. */
static void count_words(struct batch *batch) {
    const u8 *text = batch->text, *end = text + batch->length;
    struct cutter cutter = start_cutting(batch->set->all, text, end);
    const u8 *cuts[MAX_CUTS];
    struct word words[MAX_CUTS];
    for (const u8 *at = text; at < end;) {
        u32 count = next_cuts(&cutter, cuts);
        for (u32 number = 0; number < count; at = cuts[number++]) {
            init_word(words + number, at, (u32)(cuts[number] - at), at == text, end);
            prefetch_entry(batch->counter->cache, words + number);
        }
        for (u32 number = 0; number < count; number++) count_word(batch, words + number);
    }
    finish_sums(&batch->sums);
}

/* Return the slots of `wanted` that take this text word by word. Normalized text never is: the cache has words as they
   were before normalization. */
static u64 with_words(struct counter_set *set, const u8 *text, u32 length, u64 wanted) {
    u64 found = wanted & set->has_words;
    for (u64 left = found & set->has_boundaries; left; left &= left - 1) {
        u32 slot = (u32)__builtin_ctzll(left);
        if (may_cross_boundary(set->vocabularies[slot], text, length)) found &= ~((u64)1 << slot);
    }
    return found;
}

/* Return 0 if there is no memory. */
static int use_set(struct counter *counter, struct counter_set *set) {
    if (counter->set == set->serial) return 1;
    if (!counter->cache) counter->cache = map_huge(sizeof *counter->cache);
    if (!counter->pieces) counter->pieces = map_huge(sizeof *counter->pieces);
    if (!counter->cache || !counter->pieces) return 0;
    memset(counter->cache, 0, sizeof *counter->cache);
    memset(counter->pieces, 0, sizeof *counter->pieces);
    counter->set = set->serial;
    counter->seldom_normal = 0;
    return 1;
}

struct unresolved_word *next_unresolved(struct counter *counter) {
    if (counter->unresolved_count == counter->unresolved_capacity) {
        u32 capacity = counter->unresolved_capacity * 2 + 64;
        struct unresolved_word *all = realloc(counter->unresolved, capacity * sizeof *all);
        if (!all) return NULL;
        counter->unresolved = all;
        counter->unresolved_capacity = capacity;
    }
    return counter->unresolved + counter->unresolved_count++;
}

/* Return the slots that take a text by pre-tokens: one alone, or those whose counts of words are not cached. Several share
   the work of looking up words, most of which were met before. */
static u64 by_pre_tokens(const struct counter_set *set, u64 wanted) {
    u64 slots = wanted & set->has_pieces;
    return wanted & (wanted - 1) ? slots & ~CACHED_SLOT_BITS : slots;
}

/* Count by pre-tokens with the vocabulary in a slot. Where many words have to be normalized, the text is left to be counted
   by words, most of which were met before. It is looked at first if the last text had such words. */
static enum pieces_result count_with_slot(
    struct counter *counter, struct counter_set *set, u32 slot, const u8 *text, u32 length, int is_normalized,
    u64 *total
) {
    u64 bit = (u64)1 << slot;
    enum pieces_result result = PIECES_NOT_NORMALIZED;
    if (is_normalized || !(counter->seldom_normal & bit))
        result = count_by_pieces(counter, set, slot, text, length, is_normalized, total);
    if (result != PIECES_NOT_NORMALIZED) return result;
    u64 many = length / BYTES_PER_UNNORMALIZED_PLACE + 1;
    u64 places = unnormalized_places(set, slot, text, length, many);
    counter->seldom_normal = (counter->seldom_normal & ~bit) | (places ? bit : 0);
    if (!places) return count_by_pieces(counter, set, slot, text, length, 1, total);
    if (places == many || !with_words(set, text, length, bit)) return result;
    return count_normalized_pieces(counter, set, slot, text, length, total);
}

/* Count by pre-tokens where that is faster. Return the slots that are left. */
static u64 count_by_pre_tokens(
    struct counter *counter, struct counter_set *set, const u8 *text, u32 length, u64 wanted, u64 normalized,
    u64 *totals
) {
    u64 left = wanted;
    for (u64 slots = by_pre_tokens(set, wanted); slots; slots &= slots - 1) {
        u32 slot = (u32)__builtin_ctzll(slots);
        note_use(set, slot, length);
        int is_normalized = normalized >> slot & 1;
        enum pieces_result result = count_with_slot(counter, set, slot, text, length, is_normalized, totals + slot);
        if (result == PIECES_COUNTED) left &= ~((u64)1 << slot);
    }
    return left;
}

int count_text(
    struct counter *counter, struct counter_set *set, const u8 *text, u32 length, u64 wanted, u64 normalized,
    u64 *totals
) {
    counter->unresolved_count = 0;
    if (!length) return 0;
    if (!use_set(counter, set)) return NO_MEMORY;
    wanted = count_by_pre_tokens(counter, set, text, length, wanted, normalized, totals);
    u64 slots = with_words(set, text, length, wanted & ~normalized);
    struct batch batch = {
        .counter = counter,
        .set = set,
        .text = text,
        .length = length,
        .slots = slots,
        .normalized = normalized,
        .totals = totals,
        .sums = sums_of(slots, totals),
        .is_adding = ATOMIC_FLAG_INIT,
    };
    if (slots) count_words(&batch);
    count_pending(&batch, wanted & ~slots);
    return batch.failed;
}

void counter_learn(
    struct counter *counter, const u8 *text, const struct unresolved_word *words, u32 count, const u32 *tokens
) {
    for (u32 number = 0; number < count; number++) {
        const struct unresolved_word *one = words + number;
        const u8 *at = text + one->begin;
        struct word word;
        init_word(&word, at, one->length, (int)one->is_first, at + one->length);
        cache_count(find_counts(counter->cache, &word), one->slot, tokens[number]);
    }
}

static void shrink(struct buffers *buffers) {
    scratch_shrink(&buffers->text);
    scratch_shrink(&buffers->symbols);
    scratch_shrink(&buffers->work);
}

void counter_shrink(struct counter *counter) {
    shrink(&counter->buffers);
    shrink(&counter->helper_buffers);
    scratch_shrink(&counter->given);
    if (counter->unresolved_capacity <= MAX_KEPT_UNRESOLVED) return;
    free(counter->unresolved);
    counter->unresolved = NULL;
    counter->unresolved_capacity = 0;
}
