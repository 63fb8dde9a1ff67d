#include "misses.h"

static inline int is_same_word(const struct word *one, const struct word *other) {
    return one->hash == other->hash && one->length == other->length && one->opens == other->opens &&
           are_equal(one->text, other->text, one->length);
}

/* The columns are the same unless the word's row was another word's meanwhile. */
static inline int is_miss(const struct miss *miss, const struct word *word, u64 columns) {
    return miss->columns == columns && is_same_word(&miss->word, word);
}

void note_miss(struct misses *misses, const struct word *word, u64 columns) {
    u32 slot = (u32)(word->hash >> 16) & (MISS_SLOTS - 1);
    for (; misses->slots[slot]; slot = (slot + 1) & (MISS_SLOTS - 1)) {
        struct miss *miss = misses->all + misses->slots[slot] - 1;
        if (!is_miss(miss, word, columns)) continue;
        miss->times++;
        return;
    }
    misses->all[misses->count] = (struct miss){.word = *word, .columns = columns, .times = 1};
    misses->slots[slot] = (u16)++misses->count;
}

void forget_misses(struct misses *misses) {
    if (!misses->count) return;
    memset(misses->slots, 0, sizeof misses->slots);
    misses->count = 0;
}
