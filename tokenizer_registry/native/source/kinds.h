/* What kind each of 64 bytes of a text is, as bit masks: what borders.c looks for borders in.

   Invariant: all bytes of a character have its kinds. */
#ifndef WEIGHBRIDGE_KINDS_H
#define WEIGHBRIDGE_KINDS_H

#include "characters.h"

/* Kinds of a class of characters, as a pattern sees it. None of them: a mark of punctuation, a symbol or the like. */
enum {
    LETTER = 1,
    UPPER = 2,  /* may only stand in the first part of a word; if it is no LETTER, borders beside it are not known here */
    LOWER = 4,  /* may only stand in the second part of a word */
    DIGIT = 8,
    WHITE_SPACE = 16,
    LINE_END = 32, /* also WHITE_SPACE */
    MARK = 64,  /* a letter behind a letter, else of a kind of its own */
    HAN = 128,
};

/* A bit for each byte. `first`: the first byte of a character. */
struct kinds {
    u64 letter, upper, lower, digit, white, line, mark, han, first, space, apostrophe, slash, ascii;
};

/* The progress in a text: the last character of a block may reach into the next one. */
struct kinds_reader {
    const struct characters *all;
    const u8 *kinds; /* by class */
    const u8 *end;
    u8 open_kinds; /* of a character whose rest is in the next block, and the number of these bytes */
    u8 open_bytes;
    u32 flags; /* that all characters so far have, but for ASCII */
};

/* Read a block of 64 bytes, or what is left. Behind the end of the text there is white space. */
struct kinds read_kinds(struct kinds_reader *reader, const u8 *block);

#endif
