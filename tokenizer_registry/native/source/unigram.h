/*TOP*/
#ifndef WEIGHBRIDGE_UNIGRAM_H
#define WEIGHBRIDGE_UNIGRAM_H

#include "scratch.h"
#include "string_table.h"

/* `tokens` also has every beginning of a token, whose score is not a number. */
struct unigram {
    struct strings tokens;
    const double *scores;
    double unknown_score;
    u32 unknown; /* the number of the token that stands for characters without one */
};

/* The number of tokens; neighbours that are unknown count as one. ABSENT if there is no memory. */
u32 count_unigram(const struct unigram *model, const u8 *word, u32 length, struct scratch *scratch);

#endif
