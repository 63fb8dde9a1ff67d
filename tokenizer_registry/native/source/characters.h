/* Classes of characters: each code point is in one class, and patterns ask for sets of classes.

   Invariant: all characters of a class are in the same sets and have the same flags. */
#ifndef WEIGHBRIDGE_CHARACTERS_H
#define WEIGHBRIDGE_CHARACTERS_H

#include "bytes.h"

#define BLOCK_BITS 7
#define BLOCKS (0x110000 >> BLOCK_BITS)
#define MAX_CLASSES 256

/* Two characters of which NFC or NFKC makes other ones, without those of Hangul; with a bit in `first` if the second is a
   mark. The table is in their order and ends with what are no characters. */
struct changing_pair {
    u32 second, first;
};

#define MAX_PAIRS 4096
#define IS_MARKED (1u << 31)

/* The mapped file. `classes` has blocks of 128 code points; equal blocks are stored once and found by `block_of`. */
struct characters {
    u8 ascii[128];
    u16 block_of[BLOCKS];
    u32 flags[MAX_CLASSES];
    struct changing_pair pairs[MAX_PAIRS];
    u8 classes[];
};

/* Flags of classes, the same for all vocabularies. */
enum {
    MAY_END_WORD = 1,      /* a text may be cut after it, if a line feed follows */
    MAY_BEGIN_WORD = 2,    /* and if this follows the space */
    WHITE = 4,             /* white space as Python strips it */
    PLAIN_IN_NFC = 8,      /* NFC neither changes it nor joins it with a plain neighbour */
    PLAIN_IN_NFKC = 16,
    PLAIN_IN_NMT_NFKC = 32, /* SentencePiece's normalizer nmt_nfkc leaves it unchanged */
    PLAIN_IN_BERT = 64,     /* BERT's normalizer leaves it unchanged; so are upper-case ASCII letters */
    JOINS_IN_NMT_NFKC = 128, /* may form a grapheme with its neighbours; nmt_nfkc looks up short ones as a whole */
    A_WORD_IN_BERT = 256,   /* unchanged, and a word of its own */
    LEFT_OUT_IN_BERT = 512,
    MAY_END_LINE = 1024,    /* a text may be cut after it, if a line feed follows */
    PLAIN_IN_CASED_BERT = 2048, /* the normalizer of a BERT that keeps letters as they are leaves it unchanged */
    A_WORD_IN_CASED_BERT = 4096,
    LEFT_OUT_IN_CASED_BERT = 8192,
};

/* Above them, the canonical combining class of a mark that NFC and NFKC leave as it is, where none of a higher class is
   before it; 0 for any other character. */
#define COMBINING_CLASS_SHIFT 14
#define MAX_COMBINING_CLASS 255

static inline u32 combining_class(u32 flags) { return flags >> COMBINING_CLASS_SHIFT & MAX_COMBINING_CLASS; }

static inline u32 class_of(const struct characters *all, const u8 *at) {
    if (*at < 0x80) return all->ascii[*at];
    u32 point = code_point(at);
    return all->classes[(u32)all->block_of[point >> BLOCK_BITS] << BLOCK_BITS | (point & ((1 << BLOCK_BITS) - 1))];
}

static inline u32 flags_of(const struct characters *all, const u8 *at) { return all->flags[class_of(all, at)]; }

/* Return the first pair of the table with this second character, or one with another. */
static inline const struct changing_pair *pairs_with(const struct characters *all, u32 second) {
    u32 first = 0;
    for (u32 step = MAX_PAIRS / 2; step; step /= 2) first += all->pairs[first + step - 1].second < second ? step : 0;
    return all->pairs + first;
}

#endif
