/* What kinds of character there are: every code point is of one class, and patterns ask for sets of classes. */
#ifndef WEIGHBRIDGE_CHARACTERS_H
#define WEIGHBRIDGE_CHARACTERS_H

#include "bytes.h"

#define BLOCK_BITS 7
#define BLOCKS (0x110000 >> BLOCK_BITS)
#define MAX_CLASSES 256

/* The file: `blocks` of 128 classes each, which `block_of` shares among equal ones, then a word of flags a class. */
struct characters {
    u8 ascii[128];
    u16 block_of[BLOCKS];
    u32 flags[MAX_CLASSES];
    u8 classes[];
};

/* The flags that are the same for all vocabularies. */
enum {
    MAY_END_WORD = 1,      /* a text may be cut behind it, if a space follows */
    MAY_BEGIN_WORD = 2,    /* and if this is what follows the space */
    WHITE = 4,             /* white space as Python strips it */
    PLAIN_IN_NFC = 8,      /* neither changed by NFC, nor joined with a neighbour that is plain too */
    PLAIN_IN_NFKC = 16,
    PLAIN_IN_NMT_NFKC = 32, /* left as it is by the normalizer of SentencePiece models */
    PLAIN_IN_BERT = 64,     /* left as it is by BERT's normalizer; ASCII in upper case, too */
    JOINS_IN_NMT_NFKC = 128, /* may make a grapheme with its neighbours, which that normalizer looks up if it is short */
    A_WORD_IN_BERT = 256,   /* left as it is, and cut from its neighbours */
    LEFT_OUT_IN_BERT = 512,
    MAY_END_LINE = 1024,    /* a text may be cut behind it, if a line feed follows */
};

static inline u32 class_of(const struct characters *all, const u8 *at) {
    if (*at < 0x80) return all->ascii[*at];
    u32 point = code_point(at);
    return all->classes[(u32)all->block_of[point >> BLOCK_BITS] << BLOCK_BITS | (point & ((1 << BLOCK_BITS) - 1))];
}

static inline u32 flags_of(const struct characters *all, const u8 *at) { return all->flags[class_of(all, at)]; }

#endif
