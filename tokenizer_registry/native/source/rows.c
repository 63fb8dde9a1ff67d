#include "rows.h"

/* There are two places for each word, far apart. The newest word takes its first place; the word that was there goes to
   its other one. */
static inline u32 first_place(u64 hash) { return (u32)hash; }

static inline u32 second_place(u64 hash) { return (u32)(hash >> 32); }

static inline struct short_row *short_row(struct rows *rows, u32 place) { return rows->shorts + (place & (SHORT_ROWS - 1)); }

static inline struct long_row *long_row(struct rows *rows, u32 place) { return rows->longs + (place & (LONG_ROWS - 1)); }

static inline int has_key(const struct short_row *row, struct key key) {
    return !((row->key.low ^ key.low) | (row->key.high ^ key.high));
}

static inline int holds(const struct long_row *row, const struct word *word) {
    return row->hash == word->hash && row->length == word->length && row->opens == word->opens &&
           are_equal(row->word, word->text, word->length);
}

static u8 *find_long(struct rows *rows, const struct word *word) {
    struct long_row *first = long_row(rows, first_place(word->hash)), *second = long_row(rows, second_place(word->hash));
    return holds(first, word) ? first->counts : holds(second, word) ? second->counts : NULL;
}

static inline u8 *find_short(struct rows *rows, const struct word *word) {
    struct short_row *first = short_row(rows, first_place(word->hash));
    if (has_key(first, word->key)) return first->counts;
    struct short_row *second = short_row(rows, second_place(word->hash));
    return has_key(second, word->key) ? second->counts : NULL;
}

static u8 *new_long(struct rows *rows, const struct word *word) {
    struct long_row *row = long_row(rows, first_place(word->hash)), *second = long_row(rows, second_place(word->hash));
    if (row->length && !second->length) row = second;
    else if (row->length) {
        struct long_row *other = long_row(rows, first_place(row->hash));
        *(other == row ? long_row(rows, second_place(row->hash)) : other) = *row;
    }
    row->hash = word->hash;
    row->opens = (u16)word->opens;
    row->length = (u16)word->length;
    memcpy(row->word, word->text, word->length);
    return row->counts;
}

static u8 *new_short(struct rows *rows, const struct word *word) {
    struct short_row *row = short_row(rows, first_place(word->hash)), *second = short_row(rows, second_place(word->hash));
    if (row->key.high && !second->key.high) row = second;
    else if (row->key.high) {
        u64 hash = hash_of_key(row->key);
        struct short_row *other = short_row(rows, first_place(hash));
        *(other == row ? short_row(rows, second_place(hash)) : other) = *row;
    }
    row->key = word->key;
    return row->counts;
}

void fetch_row(const struct rows *rows, const struct word *word) {
    if (word->length > SHORT_BYTES) {
        __builtin_prefetch(rows->longs + (first_place(word->hash) & (LONG_ROWS - 1)));
    } else {
        __builtin_prefetch(rows->shorts + (first_place(word->hash) & (SHORT_ROWS - 1)));
    }
}

u8 *find_counts(struct rows *rows, const struct word *word) {
    if (word->length <= SHORT_BYTES) return find_short(rows, word);
    return word->length <= LONG_BYTES ? find_long(rows, word) : NULL;
}

u8 *counts_of(struct rows *rows, const struct word *word) {
    u8 *found = find_counts(rows, word);
    if (found || word->length > LONG_BYTES) return found;
    found = word->length <= SHORT_BYTES ? new_short(rows, word) : new_long(rows, word);
    return memset(found, UNKNOWN, REMEMBERED);
}
