/* The most probable segmentation of a word (Viterbi over a lattice), with the arithmetic of `tokenizers`.

   Invariant: scores are doubles added from left to right, so that ties and rounding are the same as there. */
#ifndef WEIGHBRIDGE_UNIGRAM_H
#define WEIGHBRIDGE_UNIGRAM_H

#include "scratch.h"
#include "string_table.h"

/* `tokens` also has every prefix of a token, whose score is NaN. */
struct unigram {
    struct string_table tokens;
    const double *scores;
    double unknown_score;
    u32 unknown; /* the token for characters that have none */
};

/* Return the number of tokens; neighbouring unknown ones count as one. Return ABSENT if there is no memory. */
u32 count_unigram(const struct unigram *model, const u8 *word, u32 length, struct scratch *scratch);

#endif
