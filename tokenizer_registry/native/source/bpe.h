/*TOP*/
#ifndef WEIGHBRIDGE_BPE_H
#define WEIGHBRIDGE_BPE_H

#include "counting.h"

/* Whether the text is a token that is what becomes of it. */
int is_one_token(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Add the tokens of a piece. */
void count_pre_token(struct counting *c, const u8 *text, u32 length);

/* The same for what no pattern cuts: it is cut where two characters stand that no token has side by side. */
void count_apart(struct counting *c, const u8 *text, const u8 *end);

#endif
