/* Texts in the form that a vocabulary's own normalizer gives them, character by character. */
#ifndef WEIGHBRIDGE_NORMAL_H
#define WEIGHBRIDGE_NORMAL_H

#include "scratch.h"
#include "vocabulary.h"

/* The text in its form, whose length is put into `length`. NULL if a character depends on its neighbours, which only
   the owner's library knows about, or with a failure. */
u8 *normalized(
    const struct vocabulary *vocabulary, const struct characters *all, const u8 *text, u32 *length,
    struct scratch *scratch, int *failed
);

#endif
