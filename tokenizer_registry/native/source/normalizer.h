/*TOP*/
#ifndef WEIGHBRIDGE_NORMALIZER_H
#define WEIGHBRIDGE_NORMALIZER_H

#include "counting.h"

static const u8 BAR[3] = {0xE2, 0x96, 0x81}; /* U+2581, which stands for a space in pieces */

/* The text in its form, whose length is put into `length`. NULL if a character depends on its neighbours, which only
   the owner's library knows about, or with a failure. */
u8 *normalize(
    const struct vocabulary *vocabulary, const struct characters *all, const u8 *text, u32 *length,
    struct scratch *scratch, int *failed
);

/* The span with bars for its spaces, and one in front where the owner puts a space there. */
u8 *barred(struct counting *c, const u8 *text, u32 *length, int is_first);

/* Whether all characters but ASCII have the flag that the vocabulary demands. */
int is_plain(const struct counting *c, const u8 *text, u32 length);

#endif
