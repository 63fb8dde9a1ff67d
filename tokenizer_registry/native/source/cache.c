#include "cache.h"

/* Each word has two places, far apart. A new word takes the first that is free, or else its first place, and the word
   that was there moves to its own second place. A word that was in its second place is dropped: in its first place it
   would replace a newer word, which would replace it in turn. */
static inline struct short_entry *first_short(struct cache *cache, u64 hash) {
    return cache->shorts + (hash & (SHORT_ENTRIES - 1));
}

static inline struct short_entry *second_short(struct cache *cache, u64 hash) {
    return cache->shorts + (hash >> 32 & (SHORT_ENTRIES - 1));
}

static inline struct long_entry *first_long(struct cache *cache, u64 hash) {
    return cache->longs + (hash & (LONG_ENTRIES - 1));
}

static inline struct long_entry *second_long(struct cache *cache, u64 hash) {
    return cache->longs + (hash >> 32 & (LONG_ENTRIES - 1));
}

static inline int has_key(const struct short_entry *entry, struct key key) {
    return !((entry->key.low ^ key.low) | (entry->key.high ^ key.high));
}

static inline int holds(const struct long_entry *entry, const struct word *word) {
    return entry->hash == word->hash && entry->length == word->length && entry->is_first == word->is_first &&
           are_equal(entry->word, word->text, word->length);
}

static inline u8 *find_short(struct cache *cache, const struct word *word) {
    struct short_entry *first = first_short(cache, word->hash);
    if (has_key(first, word->key)) return first->counts;
    struct short_entry *second = second_short(cache, word->hash);
    return has_key(second, word->key) ? second->counts : NULL;
}

static u8 *find_long(struct cache *cache, const struct word *word) {
    struct long_entry *first = first_long(cache, word->hash), *second = second_long(cache, word->hash);
    return holds(first, word) ? first->counts : holds(second, word) ? second->counts : NULL;
}

static u8 *new_short(struct cache *cache, const struct word *word) {
    struct short_entry *entry = first_short(cache, word->hash), *second = second_short(cache, word->hash);
    if (entry->key.high && !second->key.high) {
        entry = second;
    } else if (entry->key.high) {
        u64 hash = hash_of_key(entry->key);
        if (first_short(cache, hash) == entry) *second_short(cache, hash) = *entry;
    }
    entry->key = word->key;
    return entry->counts;
}

static u8 *new_long(struct cache *cache, const struct word *word) {
    struct long_entry *entry = first_long(cache, word->hash), *second = second_long(cache, word->hash);
    if (entry->length && !second->length) {
        entry = second;
    } else if (entry->length) {
        if (first_long(cache, entry->hash) == entry) *second_long(cache, entry->hash) = *entry;
    }
    entry->hash = word->hash;
    entry->is_first = (u16)word->is_first;
    entry->length = (u16)word->length;
    memcpy(entry->word, word->text, word->length);
    return entry->counts;
}

/* Few words are in their second place. */
void prefetch_entry(struct cache *cache, const struct word *word) {
    if (word->length > MAX_SHORT_BYTES) __builtin_prefetch(first_long(cache, word->hash));
    else __builtin_prefetch(first_short(cache, word->hash));
}

u8 *find_counts(struct cache *cache, const struct word *word) {
    if (word->length <= MAX_SHORT_BYTES) return find_short(cache, word);
    return word->length <= MAX_LONG_BYTES ? find_long(cache, word) : NULL;
}

u8 *pre_token_counts(struct pre_token_entry *entries, struct key key) {
    struct pre_token_entry *entry = entries + (hash_of_key(key) & (PRE_TOKEN_ENTRIES - 1));
    if (!((entry->key.low ^ key.low) | (entry->key.high ^ key.high))) return entry->counts;
    entry->key = key;
    return memset(entry->counts, UNKNOWN, sizeof entry->counts);
}

u8 *find_or_add_counts(struct cache *cache, const struct word *word) {
    u8 *found = find_counts(cache, word);
    if (found || word->length > MAX_LONG_BYTES) return found;
    found = word->length <= MAX_SHORT_BYTES ? new_short(cache, word) : new_long(cache, word);
    return memset(found, UNKNOWN, CACHED_SLOTS);
}

/* This many byte counts fit into sums of 16 bits. */
#define MAX_UNSUMMED 256

struct sums sums_of(u64 slots, u64 *totals) {
    struct sums sums = {.totals = totals};
    u64 left = slots & CACHED_SLOT_BITS;
    int is_few = __builtin_popcountll(left) <= MAX_FEW_SLOTS;
    for (; left; left &= left - 1) {
        u8 slot = (u8)__builtin_ctzll(left);
        sums.is_wanted[slot] = 1;
        if (is_few) sums.few_slots[sums.few++] = slot;
    }
    return sums;
}

static u64 add_few(struct sums *sums, const u8 *counts) {
    u64 missing = 0;
    for (u32 number = 0; number < sums->few; number++) {
        u32 slot = sums->few_slots[number];
        if (counts[slot] == UNKNOWN) missing |= (u64)1 << slot;
        else sums->totals[slot] += counts[slot];
    }
    return missing;
}

static u64 unknown_ones(const struct sums *sums, const u8 *counts) {
    u64 missing = 0;
    for (u32 slot = 0; slot < CACHED_SLOTS; slot++)
        missing |= (u64)(sums->is_wanted[slot] && counts[slot] == UNKNOWN) << slot;
    return missing;
}

/* Compilers vectorize this loop; the unknown slots are determined only if there are any. */
static u64 add_many(struct sums *sums, const u8 *counts) {
    u8 lacks = 0;
    for (u32 slot = 0; slot < CACHED_SLOTS; slot++) {
        u8 is_unknown = counts[slot] == UNKNOWN;
        sums->waiting[slot] += is_unknown ? 0 : counts[slot];
        lacks |= is_unknown & sums->is_wanted[slot];
    }
    if (++sums->unsummed == MAX_UNSUMMED) finish_sums(sums);
    return lacks ? unknown_ones(sums, counts) : 0;
}

u64 add_counts(struct sums *sums, const u8 *counts) {
    return sums->few ? add_few(sums, counts) : add_many(sums, counts);
}

void finish_sums(struct sums *sums) {
    for (u32 slot = 0; slot < CACHED_SLOTS; slot++)
        if (sums->is_wanted[slot]) sums->totals[slot] += sums->waiting[slot];
    memset(sums->waiting, 0, sizeof sums->waiting);
    sums->unsummed = 0;
}
