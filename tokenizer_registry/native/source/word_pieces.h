/*TOP*/
#ifndef WEIGHBRIDGE_WORD_PIECES_H
#define WEIGHBRIDGE_WORD_PIECES_H

#include "string_table.h"

struct word_pieces {
    struct strings beginnings, continuations;
};

/* The number of tokens of a normalized text, whose letters of ASCII are put in lower case here. */
u32 count_word_pieces(const struct word_pieces *model, u8 *text, u32 length);

#endif
