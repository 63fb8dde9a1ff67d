/* The counts of pre-tokens seen before, by slot: a table that fits the processor's caches, for texts that are counted
   with one vocabulary. cache.h has the words that several vocabularies share.

   Invariant: an entry has the whole text of its pre-token, so that a count is never that of another one. An entry may be
   overwritten at any time. */
#ifndef WEIGHBRIDGE_PIECE_TABLE_H
#define WEIGHBRIDGE_PIECE_TABLE_H

#include "string_table.h"

/* An entry is 2, 4 or 8 numbers: the text, padded with zeros, and in the last 16 bits five of the length, the slot, and
   the count. Free entries have the count 0. */
#define SHORT_PIECE 14
#define MIDDLE_PIECE 30
#define LONG_PIECE 62
#define COUNT_SHIFT 59
#define MAX_PIECE_COUNT 31

#define PIECE_LINES (1u << 14)
#define LINE_NUMBERS 8

/* A cache line: four entries of short pre-tokens, two of middle ones, or one. The newest is the first. */
struct piece_line {
    u64 numbers[LINE_NUMBERS];
} __attribute__((aligned(64)));

/* 2 MB. */
struct piece_table {
    struct piece_line shorts[PIECE_LINES], middles[PIECE_LINES / 2], longs[PIECE_LINES / 2];
};

static inline u64 piece_tag(u32 length, u32 slot) { return (u64)(length & 31) << 48 | (u64)slot << 53; }

static const u8 KEPT_BYTES_OF_16[2 * 16] = {[0 ... 15] = 0xFF};

/* Load a text of 1 to 16 bytes with zeros behind it; 16 bytes are readable. */
static inline void load_padded(const u8 *text, u32 length, u64 *low, u64 *high) {
    *low = load64(text) & load64(KEPT_BYTES_OF_16 + 16 - length);
    *high = load64(text + 8) & load64(KEPT_BYTES_OF_16 + 24 - length);
}

static inline u32 line_of(u64 hash, u32 lines) { return (u32)(hash >> 20) & (lines - 1); }

/* Return the line where a short pre-token's entry is, if it has one. */
static inline struct piece_line *short_line(struct piece_table *table, u64 low, u64 high) {
    return table->shorts + line_of(mixed(low ^ 0x9E3779B97F4A7C15u, high ^ 0xD1B54A32D192ED03u), PIECE_LINES);
}

/* Return the count, or 0 if it is not there. `high` has the tag. Without branches on which entry it is. */
static inline u32 find_short_piece(const struct piece_line *line, u64 low, u64 high) {
    u64 found = 0;
    for (u32 at = 0; at < LINE_NUMBERS; at += 2) {
        u64 differs = (line->numbers[at] ^ low) | (line->numbers[at + 1] ^ high) << (64 - COUNT_SHIFT);
        found |= differs ? 0 : line->numbers[at + 1];
    }
    return (u32)(found >> COUNT_SHIFT);
}

static inline void keep_short_piece(struct piece_line *line, u64 low, u64 high, u32 count) {
    memmove(line->numbers + 2, line->numbers, sizeof line->numbers - 2 * sizeof *line->numbers);
    line->numbers[0] = low;
    line->numbers[1] = high | (u64)count << COUNT_SHIFT;
}

/* A pre-token of 15 to 62 bytes, as its entry has it without the count. */
struct long_piece {
    u64 numbers[LINE_NUMBERS];
    u32 size; /* in numbers */
    struct piece_line *line;
};

/* Memory behind the text is readable up to `end`. */
struct long_piece long_piece_of(struct piece_table *table, const u8 *text, u32 length, u32 slot, const u8 *end);

/* Return the count, or 0 if it is not there. */
u32 find_long_piece(const struct long_piece *piece);

void keep_long_piece(const struct long_piece *piece, u32 count);

#endif
