/* Counting a piece: what a split pattern cuts, or a text that no pattern cuts. */
#ifndef WEIGHBRIDGE_PIECE_H
#define WEIGHBRIDGE_PIECE_H

#include "scratch.h"
#include "vocabulary.h"

/* What a call works in. */
struct room {
    struct scratch text, symbols, work;
};

/* The number of tokens so far, and what it takes to go on. `failed`: there was no memory. */
struct counting {
    const struct vocabulary *vocabulary;
    const struct characters *all;
    struct room *room;
    u32 count;
    int failed;
};

static inline void add(struct counting *c, u32 count) {
    if (count == UINT32_MAX) c->failed = 1;
    else c->count += count;
}

/* Whether the text is a token that is what becomes of it. */
int is_whole(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Add the tokens of a piece. */
void count_piece(struct counting *c, const u8 *text, u32 length);

/* The same for what no pattern cuts: it is cut where two characters stand that no token has side by side. */
void count_apart(struct counting *c, const u8 *text, const u8 *end);

#endif
