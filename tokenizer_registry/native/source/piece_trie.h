/* A trie of strings with scores as a double array, mapped from a file as it is: the strings that begin at a place of a text
   are found with one load a byte.

   Invariant: no two nodes have the same base, so that a unit with the label of a byte was reached from its own parent. */
#ifndef WEIGHBRIDGE_PIECE_TRIE_H
#define WEIGHBRIDGE_PIECE_TRIE_H

#include "bytes.h"

/* A node. `base_and_label`: in the lowest 8 bits the byte that leads here, above them the place from which its children
   are counted by their bytes. `score`: of the string that ends here, NaN if none does. */
struct trie_unit {
    u32 base_and_label;
    float score;
};

/* The root is the first unit. Behind it are places without children, the base of nodes that have none. */
struct piece_trie {
    u32 longest; /* string, in bytes */
    const struct trie_unit *units;
};

/* No byte of UTF-8, so that a unit with this label is never a child. */
#define NO_LABEL 0xFFu

static inline u32 base_of(struct trie_unit unit) { return unit.base_and_label >> 8; }

static inline u8 label_of(struct trie_unit unit) { return (u8)unit.base_and_label; }

/* Fill the units with `count` different strings in the order of their bytes. Return how many are used; UINT32_MAX if they
   do not suffice or there is no memory. */
u32 fill_trie(
    struct trie_unit *units, u32 capacity, const u32 *offsets, const u8 *text, const float *scores, u32 count
);

#endif
