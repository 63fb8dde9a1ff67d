/* Byte pair encoding of one pre-token: of bytes, or of characters with a fall-back to bytes.

   The rank of a merge is that of the string it makes, as in tiktoken and SentencePiece; merge lists of tokenizer.json
   are converted to this form when a vocabulary is packed.

   Invariant: the pair with the lowest rank is merged first, of equal ranks the leftmost. */
#ifndef WEIGHBRIDGE_BPE_H
#define WEIGHBRIDGE_BPE_H

#include "counting.h"

/* Return whether the text is a token that the model makes of its own text. */
int is_one_token(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Return the length of the left one of the two tokens that make this token, which has two bytes at least. Return 0 if no
   two do, or there is no memory. */
u32 left_of_last_merge(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct buffers *buffers);

/* Add the tokens of a pre-token, from the cache if it is there. */
void count_pre_token(struct counting *c, const u8 *text, u32 length);

/* The same for a text without split patterns: it is cut between two characters that no token has next to each other. */
void count_unsplit(struct counting *c, const u8 *text, const u8 *end);

#endif
