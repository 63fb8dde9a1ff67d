/* The counts of words that were met before. */
#ifndef WEIGHBRIDGE_ROWS_H
#define WEIGHBRIDGE_ROWS_H

#include "bytes.h"

#define COLUMNS 64
#define WORD_BYTES 174
#define ROWS (1u << 16)

/* A word, told from those that begin their text, and its tokens for the vocabularies whose bits are `known`. */
struct row {
    u64 hash, known;
    u8 opens, length;
    u8 word[WORD_BYTES];
    u8 counts[COLUMNS];
};

static inline void remember(struct row *row, u32 column, u32 count) {
    row->counts[column] = (u8)count;
    row->known |= (u64)1 << column;
}

/* A word of a text, with the hash that its row is found by. */
struct word {
    const u8 *text;
    u32 length;
    int opens;
    u64 hash;
};

static inline struct word word_at(const u8 *text, u32 length, int opens) {
    return (struct word){text, length, opens, hash_bytes(text, length) ^ (opens ? ~(u64)0 : 0)};
}

static inline int is_same_word(const struct word *one, const struct word *other) {
    return one->hash == other->hash && one->length == other->length && one->opens == other->opens &&
           are_equal(one->text, other->text, one->length);
}

/* Fetch the row of a word that is soon looked for: memory takes longer than all else. */
void fetch_row(const struct row *rows, const struct word *word);

/* The row that holds the word. NULL if none does. There are two places for each word, far apart. */
struct row *find_row(struct row *rows, const struct word *word);

/* The row that the word is in now, which may have been another's until now. NULL if the word is too long for one. */
struct row *row_of(struct row *rows, const struct word *word);

#endif
