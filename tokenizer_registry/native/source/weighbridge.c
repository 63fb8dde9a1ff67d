/* The functions that Python calls, but for those that take its own objects; see weighbridge.h. */
#include <stdatomic.h>
#include <stdlib.h>

#include "hot_vocabularies.h"
#include "pieces.h"
#include "pre_tokens.h"
#include "weighbridge.h"
#include "workspaces.h"

static atomic_uint_fast64_t sets;

/* Let at most `count` calls without Python's lock run at a time; others wait. */
EXPORTED void weighbridge_allow_calls(u32 count) { allow_calls(count); }

/* Return an empty set. `characters` must stay mapped. Return NULL if there is no memory. */
EXPORTED struct counter_set *weighbridge_counter_set(const void *characters) {
    struct counter_set *set = calloc(1, sizeof *set);
    if (!set) return NULL;
    set->serial = atomic_fetch_add(&sets, 1) + 1;
    set->all = characters;
    return set;
}

void weighbridge_free(struct counter_set *set) {
    for (u32 slot = 0; slot < SLOTS; slot++) free_vocabulary(set, slot);
    free(set);
}

/* Put a packed vocabulary, which must stay mapped, into a slot. Return 0 if it is none, or there is no memory. */
EXPORTED int weighbridge_add(struct counter_set *set, u32 slot, const void *packed, u64 size, int has_words) {
    struct vocabulary *vocabulary = slot < SLOTS ? malloc(sizeof *vocabulary) : NULL;
    if (!vocabulary || !read_vocabulary(vocabulary, packed, size)) {
        free(vocabulary);
        return 0;
    }
    set->vocabularies[slot] = vocabulary;
    set->sources[slot] = (struct packed_source){.content = packed, .size = size};
    if (has_words) set->has_words |= (u64)1 << slot;
    if (vocabulary->boundaries.count) set->has_boundaries |= (u64)1 << slot;
    if (has_pieces(vocabulary)) set->has_pieces |= (u64)1 << slot;
    if (may_be_unresolved(vocabulary)) set->may_be_unresolved |= (u64)1 << slot;
    return 1;
}

static struct unresolved *unresolved_in(const struct workspace *workspace) {
    const struct counter *counter = &workspace->counter;
    size_t size = counter->unresolved_count * sizeof *counter->unresolved;
    struct unresolved *unresolved = malloc(sizeof *unresolved + size);
    if (!unresolved) return NULL;
    *unresolved = (struct unresolved){counter->set, workspace->number, counter->unresolved_count};
    memcpy(unresolved->words, counter->unresolved, size);
    return unresolved;
}

/* Return the result of a count in this workspace. */
static int64_t answer(const struct workspace *workspace, int failure, struct unresolved **unresolved) {
    u32 count = workspace->counter.unresolved_count;
    if (failure) return failure == TOO_LONG ? TEXT_TOO_LONG : OUT_OF_MEMORY;
    if (count && !(*unresolved = unresolved_in(workspace))) return OUT_OF_MEMORY;
    return count;
}

int64_t weighbridge_count(
    struct counter_set *set, const u8 *text, u64 length, u64 wanted, u64 normalized, u64 *totals, int holds_lock,
    struct unresolved **unresolved
) {
    if (length > MAX_TEXT_BYTES) return TEXT_TOO_LONG;
    struct workspace *workspace = take_workspace(holds_lock);
    int failure = count_text(&workspace->counter, set, text, (u32)length, wanted, normalized, totals);
    int64_t found = answer(workspace, failure, unresolved);
    release_workspace(workspace);
    return found;
}

/* Write four numbers for each unresolved word: slot, begin, length, and whether it begins its text. */
EXPORTED void weighbridge_unresolved_words(const struct unresolved *unresolved, u32 *words) {
    memcpy(words, unresolved->words, unresolved->count * sizeof *unresolved->words);
}

/* Cache the tokens of unresolved words, unless the workspace serves another counter set by now. */
EXPORTED void weighbridge_learn(const struct unresolved *unresolved, const u8 *text, const u32 *tokens) {
    struct workspace *workspace = retake_workspace(unresolved->workspace);
    if (!workspace) return;
    struct counter *counter = &workspace->counter;
    if (counter->set == unresolved->set) counter_learn(counter, text, unresolved->words, unresolved->count, tokens);
    release_workspace(workspace);
}

void weighbridge_free_unresolved(struct unresolved *unresolved) { free(unresolved); }

static void free_buffers(struct buffers *buffers) {
    scratch_free(&buffers->text);
    scratch_free(&buffers->symbols);
    scratch_free(&buffers->work);
}

EXPORTED void weighbridge_fill_strings(
    struct bucket *buckets, u32 capacity, const u32 *offsets, const u8 *text, u32 count
) {
    fill_strings(buckets, capacity, offsets, text, count);
}

EXPORTED u32 weighbridge_fill_trie(
    struct trie_unit *units, u32 capacity, const u32 *offsets, const u8 *text, const float *scores, u32 count
) {
    return fill_trie(units, capacity, offsets, text, scores, count);
}

/* Put the pairs of tokens of the packed vocabulary into `found`, three numbers each. Return how many there are, or
   ABSENT if it is none. */
EXPORTED u32 weighbridge_find_pairs(const void *packed, u64 size, u32 *found) {
    struct vocabulary vocabulary;
    struct buffers buffers = {0};
    if (!read_vocabulary(&vocabulary, packed, size)) return ABSENT;
    u32 count = find_pairs(&vocabulary, found, &buffers);
    free_buffers(&buffers);
    return count;
}

EXPORTED int weighbridge_fill_pairs(
    const struct zone *zones, u32 capacity, const u32 *found, u32 count, u64 *pairs
) {
    return fill_pairs(zones, capacity, found, count, pairs);
}

/* Set a bit for each string that the packed vocabulary makes one token of. Return 0 if it is none or memory
   is missing. */
EXPORTED int weighbridge_whole(
    const void *packed, u64 size, const u32 *offsets, const u8 *text, u32 count, u8 *bits
) {
    struct vocabulary vocabulary;
    struct buffers buffers = {0};
    if (!read_vocabulary(&vocabulary, packed, size)) return 0;
    for (u32 number = 0; number < count; number++) {
        u32 length = offsets[number + 1] - offsets[number];
        if (length && count_token_text(&vocabulary, text + offsets[number], length, &buffers) == 1)
            bits[number >> 3] |= (u8)(1 << (number & 7));
    }
    free_buffers(&buffers);
    return 1;
}
