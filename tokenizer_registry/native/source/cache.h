/*TOP*/
#ifndef WEIGHBRIDGE_CACHE_H
#define WEIGHBRIDGE_CACHE_H

#include "string_table.h"

#define SLOTS 64
/* So many slots have a place in a entry; what others count is not remembered. */
#define REMEMBERED 48
#define REMEMBERED_BITS (((u64)1 << REMEMBERED) - 1)
#define UNKNOWN 255

/* A short word as two numbers: its bytes, and behind them its length and whether it is_first its text. */
struct key {
    u64 low, high;
};

#define SHORT_BYTES 15
#define LONG_BYTES 324
#define SHORT_ENTRIES (1u << 16)
#define LONG_ENTRIES (1u << 15)

/* What most words need is fetched from memory at once. A key is never 0. */
struct short_entry {
    struct key key;
    u8 counts[REMEMBERED];
};

struct long_entry {
    u64 hash;
    u16 is_first, length;
    u8 counts[REMEMBERED];
    u8 word[LONG_BYTES];
};

/* Slots in so many groups have their pieces apart, and threads take whole groups: no two write to one entry. */
#define GROUPS 16
#define GROUP_SLOTS (REMEMBERED / GROUPS)
#define PRE_TOKEN_ENTRIES (1u << 14)

/* A piece of a word, as patterns cut it; its length is never 0. */
struct pre_token_entry {
    struct key key;
    u8 counts[GROUP_SLOTS];
};

struct cache {
    struct short_entry shorts[SHORT_ENTRIES];
    struct long_entry longs[LONG_ENTRIES];
    struct pre_token_entry pieces[GROUPS][PRE_TOKEN_ENTRIES];
};

static inline u32 group_of(u32 slot) { return slot % GROUPS; }

/* A word of a text, with what its entry is found by; the key is that of a short one. */
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

/* What is behind the word may be read up to `end`. */
static inline struct key key_of(const u8 *text, u32 length, int is_first, const u8 *end) {
    static const u8 kept[2 * 16] = {[0 ... 15] = 0xFF};
    u64 low, high = 0;
    if (end - text >= 16) {
        low = load64(text) & load64(kept + 16 - length);
        high = load64(text + 8) & load64(kept + 24 - length);
    } else {
        low = head_of(text, length);
        if (length > 8) high = load64(text + length - 8) >> (16 - length) * 8;
    }
    return (struct key){low, high | (u64)(length | (u32)is_first << 7) << 56};
}

/* Note a word. What is behind it may be read up to `end`, and matters not. */
static inline void init_word(struct word *word, const u8 *text, u32 length, int is_first, const u8 *end) {
    word->text = text;
    word->length = length;
    word->is_first = is_first;
    if (length > SHORT_BYTES) {
        word->hash = hash_bytes(text, length) ^ (is_first ? ~(u64)0 : 0);
    } else {
        word->key = key_of(text, length, is_first, end);
        word->hash = hash_of_key(word->key);
    }
}

/* Fetch the entry of a word that is soon looked for: memory takes longer than all else. */
void prefetch_entry(struct cache *cache, const struct word *word);

/* The counts of a word that has a entry. NULL if it has none. */
u8 *find_counts(struct cache *cache, const struct word *word);

/* The counts of a word in its entry, which may have been another's until now. NULL if the word is too long for one. */
u8 *find_or_add_counts(struct cache *cache, const struct word *word);

/* The counts of a piece in its entry, which may have been another's until now. */
u8 *pre_token_counts(struct pre_token_entry *cache, struct key key);

static inline void remember(u8 *counts, u32 slot, u32 count) {
    if (counts && slot < REMEMBERED && count < UNKNOWN) counts[slot] = (u8)count;
}

/* Up to so many slots, adding up each is quicker than adding up all. */
#define FEW 8

struct sums {
    u64 *totals;
    u32 few; /* how many slots are wanted, and which, if each is added up on its own; 0 otherwise */
    u8 few_slots[FEW];
    u8 is_wanted[REMEMBERED];
    u16 waiting[REMEMBERED]; /* of as many cache as `cache`, not yet in the totals */
    u32 cache;
};

/* For the slots whose bits are set, as far as a entry has them. */
struct sums sums_of(u64 slots, u64 *totals);

/* Add what is known. The bits of the slots that are wanted and not known. */
u64 add_counts(struct sums *sums, const u8 *counts);

/* Bring the totals up to date. */
void finish_sums(struct sums *sums);

#endif
