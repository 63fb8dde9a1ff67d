/* The counts of words and pre-tokens seen before, for all slots of one counter set, and adding them up.

   Invariant: a count in an entry is that of the entry's own word, or UNKNOWN. An entry may be overwritten at any time,
   so that a miss is never an error. */
#ifndef WEIGHBRIDGE_CACHE_H
#define WEIGHBRIDGE_CACHE_H

#include "string_table.h"

#define SLOTS 64
/* This many slots have a place in an entry; the counts of others are not cached. */
#define CACHED_SLOTS 48
#define CACHED_SLOT_BITS (((u64)1 << CACHED_SLOTS) - 1)
#define UNKNOWN 255

/* A short word as two numbers: its bytes, then its length and whether it begins its text. Never 0. */
struct key {
    u64 low, high;
};

#define MAX_SHORT_BYTES 15
#define MAX_LONG_BYTES 324
#define SHORT_ENTRIES (1u << 16)
#define LONG_ENTRIES (1u << 15)

/* One cache line. */
struct short_entry {
    struct key key;
    u8 counts[CACHED_SLOTS];
};

struct long_entry {
    u64 hash;
    u16 is_first, length;
    u8 counts[CACHED_SLOTS];
    u8 word[MAX_LONG_BYTES];
};

/* Slots are in groups, each with entries of its own for pre-tokens. Threads take whole groups, so that no two write to
   one entry. */
#define GROUPS 16
#define GROUP_SLOTS (CACHED_SLOTS / GROUPS)
#define PRE_TOKEN_ENTRIES (1u << 14)

/* A pre-token, whose length is never 0. */
struct pre_token_entry {
    struct key key;
    u8 counts[GROUP_SLOTS];
};

struct cache {
    struct short_entry shorts[SHORT_ENTRIES];
    struct long_entry longs[LONG_ENTRIES];
    struct pre_token_entry pre_tokens[GROUPS][PRE_TOKEN_ENTRIES];
};

static inline u32 group_of(u32 slot) { return slot % GROUPS; }

/* A word of a text and what its entry is found by: `hash`, and `key` if it is short. */
struct word {
    const u8 *text;
    u32 length;
    int is_first;
    u64 hash;
    struct key key;
};

static inline u64 hash_of_key(struct key key) {
    return mixed(key.low ^ 0x9E3779B97F4A7C15u, key.high ^ 0xD1B54A32D192ED03u);
}

/* Memory behind the word is readable up to `end`. */
static inline struct key key_of(const u8 *text, u32 length, int is_first, const u8 *end) {
    static const u8 kept[2 * 16] = {[0 ... 15] = 0xFF};
    u64 low, high = 0;
    if (end - text >= 16) {
        low = load64(text) & load64(kept + 16 - length);
        high = load64(text + 8) & load64(kept + 24 - length);
    } else {
        low = prefix_of(text, length);
        if (length > 8) high = load64(text + length - 8) >> (16 - length) * 8;
    }
    return (struct key){low, high | (u64)(length | (u32)is_first << 7) << 56};
}

/* Memory behind the word is readable up to `end`, and has no influence. */
static inline void init_word(struct word *word, const u8 *text, u32 length, int is_first, const u8 *end) {
    word->text = text;
    word->length = length;
    word->is_first = is_first;
    if (length > MAX_SHORT_BYTES) {
        word->hash = hash_bytes(text, length) ^ (is_first ? ~(u64)0 : 0);
    } else {
        word->key = key_of(text, length, is_first, end);
        word->hash = hash_of_key(word->key);
    }
}

/* Prefetch the entry of a word that is looked up soon: memory latency dominates. */
void prefetch_entry(struct cache *cache, const struct word *word);

/* Return the counts of a word that has an entry, else NULL. */
u8 *find_counts(struct cache *cache, const struct word *word);

/* Return the counts of a word, in an entry taken from another word if needed. NULL if the word is too long for one. */
u8 *find_or_add_counts(struct cache *cache, const struct word *word);

/* Return the counts of a pre-token, in an entry taken from another if needed. */
u8 *pre_token_counts(struct pre_token_entry *entries, struct key key);

static inline void cache_count(u8 *counts, u32 slot, u32 count) {
    if (counts && slot < CACHED_SLOTS && count < UNKNOWN) counts[slot] = (u8)count;
}

/* Up to this many slots, adding each separately is faster than adding all. */
#define MAX_FEW_SLOTS 8

struct sums {
    u64 *totals;
    u32 few; /* the number of wanted slots if they are added separately, else 0 */
    u8 few_slots[MAX_FEW_SLOTS];
    u8 is_wanted[CACHED_SLOTS];
    u16 waiting[CACHED_SLOTS]; /* sums of `unsummed` entries that are not in the totals yet */
    u32 unsummed;
};

/* Return empty sums for the slots whose bits are set, as far as entries have them. */
struct sums sums_of(u64 slots, u64 *totals);

/* Add the known counts; return the bits of the wanted slots that are unknown. */
u64 add_counts(struct sums *sums, const u8 *counts);

/* Add everything to the totals. */
void finish_sums(struct sums *sums);

#endif
