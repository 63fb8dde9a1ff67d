/* Cuts a text into pre-tokens with one pattern: at the borders that borders.c finds, and with match_split where it does
   not know.

   Invariant: the pieces are the matches of match_split, one after the other. */
#ifndef WEIGHBRIDGE_SPLITTER_H
#define WEIGHBRIDGE_SPLITTER_H

#include "borders.h"
#include "pre_tokenizer.h"

#define MAX_PIECES 256

struct piece {
    const u8 *text;
    u32 length;
};

/* The style of a pattern's borders, and the kinds of characters by class. `kinds` is NULL if only match_split knows the
   pattern. */
struct border_style {
    u32 style;
    const u8 *kinds;
};

/* `at`: where the next piece begins. `body`: where the white space begins that the text ends with. */
struct splitter {
    const struct split *split;
    const struct characters *all;
    const struct border_style *style;
    const u8 *at, *block, *body, *end;
    struct kinds_reader reader;
    struct kinds next;
    struct border_state state;
    struct borders borders;
    int is_matching; /* by match_split, until it comes to a solid border */
};

struct splitter start_splitting(
    const struct split *split, const struct border_style *style, const struct characters *all, const u8 *text,
    const u8 *end
);

/* Put the next pieces into `pieces`, which has room for MAX_PIECES, and return how many; 0 at the end. */
u32 next_pieces(struct splitter *splitter, struct piece *pieces);

#endif
