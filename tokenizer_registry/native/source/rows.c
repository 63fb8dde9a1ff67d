#include "rows.h"

static inline int holds(const struct row *row, const struct word *word) {
    return row->hash == word->hash && row->length == word->length && row->opens == word->opens &&
           are_equal(row->word, word->text, word->length);
}

static inline u32 first_place(u64 hash) { return (u32)hash & (ROWS - 1); }

static inline u32 second_place(u64 hash) { return (u32)(hash >> 32) & (ROWS - 1); }

void fetch_row(const struct row *rows, const struct word *word) {
    const struct row *first = rows + first_place(word->hash);
    __builtin_prefetch(first);
    __builtin_prefetch(first->counts);
    __builtin_prefetch(rows + second_place(word->hash));
}

struct row *find_row(struct row *rows, const struct word *word) {
    if (word->length > WORD_BYTES) return NULL;
    struct row *first = rows + first_place(word->hash), *second = rows + second_place(word->hash);
    return holds(first, word) ? first : holds(second, word) ? second : NULL;
}

/* The newest word takes its first place; the word that was there goes to its other one. */
static struct row *new_row(struct row *rows, const struct word *word) {
    struct row *row = rows + first_place(word->hash), *other = rows + first_place(row->hash);
    *(other == row ? rows + second_place(row->hash) : other) = *row;
    *row = (struct row){.hash = word->hash, .opens = (u8)word->opens, .length = (u8)word->length};
    memcpy(row->word, word->text, word->length);
    return row;
}

struct row *row_of(struct row *rows, const struct word *word) {
    if (word->length > WORD_BYTES) return NULL;
    struct row *found = find_row(rows, word);
    return found ? found : new_row(rows, word);
}
