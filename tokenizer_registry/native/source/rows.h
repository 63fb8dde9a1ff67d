/* The counts of words that were met before. */
#ifndef WEIGHBRIDGE_ROWS_H
#define WEIGHBRIDGE_ROWS_H

#include "strings.h"

#define COLUMNS 64
/* So many columns have a place in a row; what others count is not remembered. */
#define REMEMBERED 48
#define REMEMBERED_BITS (((u64)1 << REMEMBERED) - 1)
#define UNKNOWN 255

/* A short word as two numbers: its bytes, and behind them its length and whether it opens its text. */
struct key {
    u64 low, high;
};

#define SHORT_BYTES 15
#define LONG_BYTES 324
#define SHORT_ROWS (1u << 16)
#define LONG_ROWS (1u << 15)

/* What most words need is fetched from memory at once. A key is never 0. */
struct short_row {
    struct key key;
    u8 counts[REMEMBERED];
};

struct long_row {
    u64 hash;
    u16 opens, length;
    u8 counts[REMEMBERED];
    u8 word[LONG_BYTES];
};

/* Columns in so many groups have their pieces apart, and threads take whole groups: no two write to one row. */
#define GROUPS 16
#define GROUP_COLUMNS (REMEMBERED / GROUPS)
#define PIECE_ROWS (1u << 14)

/* A piece of a word, as patterns cut it; its length is never 0. */
struct piece_row {
    struct key key;
    u8 counts[GROUP_COLUMNS];
};

struct rows {
    struct short_row shorts[SHORT_ROWS];
    struct long_row longs[LONG_ROWS];
    struct piece_row pieces[GROUPS][PIECE_ROWS];
};

static inline u32 group_of(u32 column) { return column % GROUPS; }

/* A word of a text, with what its row is found by; the key is that of a short one. */
struct word {
    const u8 *text;
    u32 length;
    int opens;
    u64 hash;
    struct key key;
};

static inline u64 hash_of_key(struct key key) {
    return mixed(key.low ^ 0x9E3779B97F4A7C15u, key.high ^ 0xD1B54A32D192ED03u);
}

/* What is behind the word may be read up to `end`. */
static inline struct key key_of(const u8 *text, u32 length, int opens, const u8 *end) {
    static const u8 kept[2 * 16] = {[0 ... 15] = 0xFF};
    u64 low, high = 0;
    if (end - text >= 16) {
        low = load64(text) & load64(kept + 16 - length);
        high = load64(text + 8) & load64(kept + 24 - length);
    } else {
        low = head_of(text, length);
        if (length > 8) high = load64(text + length - 8) >> (16 - length) * 8;
    }
    return (struct key){low, high | (u64)(length | (u32)opens << 7) << 56};
}

/* Note a word. What is behind it may be read up to `end`, and matters not. */
static inline void note_word(struct word *word, const u8 *text, u32 length, int opens, const u8 *end) {
    word->text = text;
    word->length = length;
    word->opens = opens;
    if (length > SHORT_BYTES) {
        word->hash = hash_bytes(text, length) ^ (opens ? ~(u64)0 : 0);
    } else {
        word->key = key_of(text, length, opens, end);
        word->hash = hash_of_key(word->key);
    }
}

/* Fetch the row of a word that is soon looked for: memory takes longer than all else. */
void fetch_row(struct rows *rows, const struct word *word);

/* The counts of a word that has a row. NULL if it has none. */
u8 *find_counts(struct rows *rows, const struct word *word);

/* The counts of a word in its row, which may have been another's until now. NULL if the word is too long for one. */
u8 *counts_of(struct rows *rows, const struct word *word);

/* The counts of a piece in its row, which may have been another's until now. */
u8 *counts_of_piece(struct piece_row *rows, struct key key);

static inline void remember(u8 *counts, u32 column, u32 count) {
    if (counts && column < REMEMBERED && count < UNKNOWN) counts[column] = (u8)count;
}

#endif
