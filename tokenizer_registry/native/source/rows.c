#include "rows.h"

/* There are two places for each word, far apart. A new word takes one that is free; if none is, it takes its first place.
   The word that was there goes to its second one, unless that is where it was: in its first place it would push out a
   newer word, which pushed it out when it came again, and so on. */
static inline struct short_row *first_short(struct rows *rows, u64 hash) {
    return rows->shorts + (hash & (SHORT_ROWS - 1));
}

static inline struct short_row *second_short(struct rows *rows, u64 hash) {
    return rows->shorts + (hash >> 32 & (SHORT_ROWS - 1));
}

static inline struct long_row *first_long(struct rows *rows, u64 hash) { return rows->longs + (hash & (LONG_ROWS - 1)); }

static inline struct long_row *second_long(struct rows *rows, u64 hash) {
    return rows->longs + (hash >> 32 & (LONG_ROWS - 1));
}

static inline int has_key(const struct short_row *row, struct key key) {
    return !((row->key.low ^ key.low) | (row->key.high ^ key.high));
}

static inline int holds(const struct long_row *row, const struct word *word) {
    return row->hash == word->hash && row->length == word->length && row->opens == word->opens &&
           are_equal(row->word, word->text, word->length);
}

static inline u8 *find_short(struct rows *rows, const struct word *word) {
    struct short_row *first = first_short(rows, word->hash);
    if (has_key(first, word->key)) return first->counts;
    struct short_row *second = second_short(rows, word->hash);
    return has_key(second, word->key) ? second->counts : NULL;
}

static u8 *find_long(struct rows *rows, const struct word *word) {
    struct long_row *first = first_long(rows, word->hash), *second = second_long(rows, word->hash);
    return holds(first, word) ? first->counts : holds(second, word) ? second->counts : NULL;
}

static u8 *new_short(struct rows *rows, const struct word *word) {
    struct short_row *row = first_short(rows, word->hash), *second = second_short(rows, word->hash);
    if (row->key.high && !second->key.high) {
        row = second;
    } else if (row->key.high) {
        u64 hash = hash_of_key(row->key);
        if (first_short(rows, hash) == row) *second_short(rows, hash) = *row;
    }
    row->key = word->key;
    return row->counts;
}

static u8 *new_long(struct rows *rows, const struct word *word) {
    struct long_row *row = first_long(rows, word->hash), *second = second_long(rows, word->hash);
    if (row->length && !second->length) {
        row = second;
    } else if (row->length) {
        if (first_long(rows, row->hash) == row) *second_long(rows, row->hash) = *row;
    }
    row->hash = word->hash;
    row->opens = (u16)word->opens;
    row->length = (u16)word->length;
    memcpy(row->word, word->text, word->length);
    return row->counts;
}

/* Few words are found in their second place. */
void fetch_row(struct rows *rows, const struct word *word) {
    if (word->length > SHORT_BYTES) __builtin_prefetch(first_long(rows, word->hash));
    else __builtin_prefetch(first_short(rows, word->hash));
}

u8 *find_counts(struct rows *rows, const struct word *word) {
    if (word->length <= SHORT_BYTES) return find_short(rows, word);
    return word->length <= LONG_BYTES ? find_long(rows, word) : NULL;
}

u8 *counts_of_piece(struct piece_row *rows, struct key key) {
    struct piece_row *row = rows + (hash_of_key(key) & (PIECE_ROWS - 1));
    if (!((row->key.low ^ key.low) | (row->key.high ^ key.high))) return row->counts;
    row->key = key;
    return memset(row->counts, UNKNOWN, sizeof row->counts);
}

u8 *counts_of(struct rows *rows, const struct word *word) {
    u8 *found = find_counts(rows, word);
    if (found || word->length > LONG_BYTES) return found;
    found = word->length <= SHORT_BYTES ? new_short(rows, word) : new_long(rows, word);
    return memset(found, UNKNOWN, REMEMBERED);
}
