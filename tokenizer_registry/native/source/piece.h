/* Counting a piece: what a split pattern cuts, or a text that no pattern cuts. */
#ifndef WEIGHBRIDGE_PIECE_H
#define WEIGHBRIDGE_PIECE_H

#include "rows.h"
#include "scratch.h"
#include "vocabulary.h"

/* What a call works in. */
struct room {
    struct scratch text, symbols, work;
};

/* Pieces that were met before, and the place of the vocabulary in their counts; no `rows` where none are kept. */
struct known_pieces {
    struct piece_row *rows;
    u32 place;
};

/* The number of tokens so far, and what it takes to go on. Behind the text it may be read up to `end`. `failed`: an
   enum failure. */
struct counting {
    const struct vocabulary *vocabulary;
    const struct characters *all;
    struct room *room;
    struct known_pieces known;
    const u8 *end;
    u32 count;
    int failed;
};

static inline void add(struct counting *c, u32 count) {
    if (count == UINT32_MAX) c->failed = NO_MEMORY;
    else c->count += count;
}

/* Whether the text is a token that is what becomes of it. */
int is_whole(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Add the tokens of a piece. */
void count_piece(struct counting *c, const u8 *text, u32 length);

/* The same for what no pattern cuts: it is cut where two characters stand that no token has side by side. */
void count_apart(struct counting *c, const u8 *text, const u8 *end);

#endif
