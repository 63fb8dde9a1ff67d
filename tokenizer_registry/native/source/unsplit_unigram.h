/* The most probable segmentation of a whole text that is not split into words, with the arithmetic of SentencePiece.

   Invariant: scores are floats added from left to right, so that ties and rounding are the same as there. */
#ifndef WEIGHBRIDGE_UNSPLIT_UNIGRAM_H
#define WEIGHBRIDGE_UNSPLIT_UNIGRAM_H

#include "piece_trie.h"
#include "scratch.h"

struct unsplit_unigram {
    struct piece_trie pieces;
    float unknown_score; /* of a character that is no piece */
};

/* Return the number of tokens of a text that has spaces for meta spaces; a character without a piece has one for each
   byte. Return UINT32_MAX if there is no memory. */
u32 count_unsplit_unigram(const struct unsplit_unigram *model, const u8 *text, u32 length, struct scratch *scratch);

#endif
