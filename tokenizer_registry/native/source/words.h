/* Texts cut into words, and the counts of words that were met before. */
#ifndef WEIGHBRIDGE_WORDS_H
#define WEIGHBRIDGE_WORDS_H

#include "characters.h"

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

/* Note a word, whose row is fetched meanwhile if it is short enough to have one: memory takes longer than all else. */
void note_word(struct word *word, struct row *rows, const u8 *text, u32 length, int opens);

/* The row of a word, which may have been another's until now. There are two places for each, far apart. */
struct row *row_of(struct row *rows, const struct word *word);

/* Where the text may be cut next: the space or line feed in front of a word, or `end`. `body` is where its last white
   space begins.

   A space may be cut at that follows a letter, a digit or one of a few marks, and a line feed that follows a letter or
   a digit: no vocabulary with words joins across such a place. What is behind the text's last word stays with it, for
   there patterns look at the end of the text. */
const u8 *next_cut(const struct characters *all, const u8 *at, const u8 *body, const u8 *end);

/* Where the white space begins that a text ends with. */
const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end);

#endif
