/* WordPiece, after BERT's normalizer.

   Invariant: the longest piece that fits is always taken first; a word that cannot be completed is one token. */
#ifndef WEIGHBRIDGE_WORD_PIECES_H
#define WEIGHBRIDGE_WORD_PIECES_H

#include "string_table.h"

struct word_pieces {
    struct string_table beginnings, continuations;
    int keeps_case;
};

/* Return the number of tokens of a normalized text, whose ASCII letters are changed to lower case in place unless the
   model keeps their case. */
u32 count_word_pieces(const struct word_pieces *model, u8 *text, u32 length);

#endif
