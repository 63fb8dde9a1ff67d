/* Byte pair encoding by pairs of tokens: which two tokens merge, and into which.

   Only one pair of tokens ever makes a token (documents.py has the proof), so the table has one pair a token, and most
   look-ups end at the first number they load. Tokens are numbered by rank.

   Invariant: the result is that of bpe.c, which merges by strings. */
#ifndef WEIGHBRIDGE_MERGES_H
#define WEIGHBRIDGE_MERGES_H

#include "string_table.h"

#define TOKEN_BITS 20
#define NO_TOKEN ((1u << TOKEN_BITS) - 1)
#define FREE_PAIR UINT64_MAX
/* A look-up ends at a free place; there are some behind the last one where a pair belongs. */
#define PAIRS_BEHIND 64

/* Most pairs make nothing. A filter of bits, which stays in the processor's caches, tells that of nine in ten of them. */
#define FILTER_BITS_PER_PLACE 4

/* Pairs are in zones by how many bits the greater of their tokens has: those of frequent tokens are close together. */
#define ZONES (TOKEN_BITS + 1)

struct zone {
    u32 begin, places;
};

/* A character whose runs are merged when nothing else is left, and how many tokens runs of it have (runs.py). */
#define MAX_RUN 63
struct run_table {
    u32 token;
    u8 tokens[MAX_RUN + 1];
};

/* A pair is in a number, with the token it makes in the lowest bits, then the right one, then the left one. */
struct pair_table {
    u32 capacity;            /* of all zones; 0 if the vocabulary has no table */
    const struct string_table *characters; /* all tokens, if merging begins with characters, else NULL */
    const u32 *bytes;        /* the tokens of single bytes, or of ASCII characters */
    const u32 *ascii;        /* what two ASCII characters make, NO_TOKEN or above if nothing; may be NULL */
    const u16 *blocks_of_symbols; /* tokens of characters that merging may begin with, in blocks of 64 code points */
    const u32 *symbols;
    const struct zone *zones;
    const u64 *pairs;        /* `capacity` + PAIRS_BEHIND */
    const u64 *filter;       /* FILTER_BITS_PER_PLACE bits for each of these */
    const struct run_table *runs; /* NULL if there are none, or they are not merged last */
};

/* What is beside the token of a character: whether it may be a symbol behind and before every character, and whether it
   is one of those that some may not be behind or before. */
#define NOT_BEHIND (1u << TOKEN_BITS)
#define IS_BEFORE (2u << TOKEN_BITS)
#define NOT_BEFORE (4u << TOKEN_BITS)
#define IS_BEHIND (8u << TOKEN_BITS)

/* Return the token of the character, or NO_TOKEN, and these flags. */
static inline u32 first_symbol(const struct pair_table *table, const u8 *at) {
    u32 point = code_point(at), token = NO_TOKEN;
    if (point > 0xFFFF) {
        if (table->characters) token = find_string(table->characters, at, character_length(*at)) & NO_TOKEN;
        return token | IS_BEFORE | IS_BEHIND;
    }
    return table->symbols[(u32)table->blocks_of_symbols[point >> 6] << 6 | (point & 63)];
}

static inline u64 pair_of(u32 left, u32 right) { return (u64)left << TOKEN_BITS | right; }

static inline u32 zone_of(u32 left, u32 right) { return 32 - (u32)__builtin_clz(left | right | 1); }

/* Return the place of a pair, with FILTER_BITS_PER_PLACE times the precision: the bit in the filter. */
static inline u32 bit_of_pair(const struct zone *zones, u32 left, u32 right) {
    const struct zone *zone = zones + zone_of(left, right);
    u64 hash = pair_of(left, right) * 0x9E3779B97F4A7C15u >> 32;
    return zone->begin * FILTER_BITS_PER_PLACE + (u32)(hash * (zone->places * FILTER_BITS_PER_PLACE) >> 32);
}

/* Return the token of a pair that is not in the first two places for it, or NO_TOKEN. */
static inline u32 merged_further(const u64 *at, u64 pair) {
    for (; *at != FREE_PAIR; at++)
        if (*at >> TOKEN_BITS == pair) return (u32)*at & NO_TOKEN;
    return NO_TOKEN;
}

/* Return ~0 if the condition holds, else 0. */
static inline u32 all_bits(int holds) { return (u32)-holds; }

/* A pair to look up, and its place in the table. */
struct sought_pair {
    u64 pair;
    u32 place;
};

/* A pair that the filter excludes is looked for where nothing is. No branch here and in made_of depends on whether the
   tokens make something, which is hard to predict. */
static inline struct sought_pair seek_pair(const struct pair_table *table, u32 left, u32 right) {
    u32 bit = bit_of_pair(table->zones, left, right), nowhere = table->capacity + PAIRS_BEHIND - 2;
    u32 may_be = all_bits(table->filter[bit >> 6] >> (bit & 63) & 1);
    return (struct sought_pair){pair_of(left, right), nowhere ^ ((nowhere ^ bit / FILTER_BITS_PER_PLACE) & may_be)};
}

/* Return what the two tokens make, or NO_TOKEN. Most pairs are in the first two places. */
static inline u32 made_of(const struct pair_table *table, struct sought_pair sought) {
    const u64 *at = table->pairs + sought.place, first = at[0], second = at[1];
    u32 is_first = all_bits(first >> TOKEN_BITS == sought.pair), is_second = all_bits(second >> TOKEN_BITS == sought.pair);
    u32 found = ((u32)first | ~is_first) & ((u32)second | ~is_second) & NO_TOKEN;
    int is_further = (found == NO_TOKEN) & (first != FREE_PAIR) & (second != FREE_PAIR);
    __asm__("" : "+r"(is_further)); /* one branch, not one for each condition */
    return __builtin_expect(is_further, 0) ? merged_further(at + 2, sought.pair) : found;
}

/* Up to this many bytes are merged here. */
#define MAX_MERGED_BYTES 256

/* Return the number of tokens of 1 to MAX_MERGED_BYTES bytes. Return ABSENT if merging begins with characters, and these
   have to be merged by strings. */
u32 count_merged(const struct pair_table *table, const u8 *text, u32 length);

/* Symbols that are being merged, if they are few: between two that merge with none, bits tell which of them are left. */
#define BLOCK 16
#define FEW_BLOCKS 4
#define MAX_FEW_SYMBOLS (FEW_BLOCKS * BLOCK - 2)

typedef int32_t orders __attribute__((vector_size(BLOCK * sizeof(int32_t))));

struct few_symbols {
    orders order[FEW_BLOCKS]; /* of pairs, by their left symbols */
    u32 tokens[FEW_BLOCKS * BLOCK];
    u64 left;
    u32 blocks;
    u32 lacking; /* tokens that symbols without one have beyond the first */
    u32 has_runs;
};

/* Return the number of tokens, or ABSENT, if the symbols are many; else 0 with the symbols in `few`. */
u32 begin_merging(const struct pair_table *table, const u8 *text, u32 length, struct few_symbols *few);

/* Merge the symbols of up to MAX_TOGETHER texts in turn: while one waits for a table, the others go on. */
#define MAX_TOGETHER 16

void merge_together(const struct pair_table *table, struct few_symbols *few, u32 count);

static inline u32 few_left(const struct few_symbols *few) { return (u32)__builtin_popcountll(few->left) - 2 + few->lacking; }

struct vocabulary;
struct buffers;

/* Find the pairs of all tokens that are made of one: three numbers each, the left and the right token and what they make.
   Return how many there are. */
u32 find_pairs(const struct vocabulary *vocabulary, u32 *found, struct buffers *buffers);

/* Put them into `pairs`, where all places are free, and the filter behind it, which is 0. Return 0 if there is no room. */
int fill_pairs(const struct zone *zones, u32 capacity, const u32 *found, u32 count, u64 *pairs);

#endif
