/*TOP*/
#ifndef WEIGHBRIDGE_VOCABULARY_H
#define WEIGHBRIDGE_VOCABULARY_H

#include "characters.h"
#include "pre_tokenizer.h"
#include "unigram.h"
#include "word_pieces.h"

/* How a span of text becomes tokens. */
enum method { BYTES_BY_RANK, PIECES_BY_RANK, UNIGRAM, WORD_PIECES };

#define MAX_SPLITS 8

enum section {
    TOKENS,        /* strings: tokens by rank, or by number where they have scores */
    LEFT_OUT,      /* for each byte whether its owner leaves it out, because it has no token */
    ADDED,         /* strings: what is a token wherever it stands */
    ADDED_ENDS,    /* for each of them, whether it is one, or the beginning of one */
    SCORES,
    CONTINUATIONS, /* strings: pieces inside of a word */
    RANKS,         /* of tokens, where they are not their numbers */
    CHANGED,       /* strings: characters that the normalizer changes */
    CHANGED_INTO,  /* the places of what it makes of them, and that */
    WHOLE,         /* a bit a token: it is what becomes of its own text */
    ASCII_PAIRS,   /* for two characters of ASCII the rank of their merge, ABSENT, or NEVER_JOINED */
    BOUNDARIES,        /* strings: ends of words with the space or line feed that a token has behind them */
    OWN_NORMALIZER,      /* for Python */
    SPLITS,        /* the first of MAX_SPLITS sections */
    SECTIONS = SPLITS + MAX_SPLITS,
};

/* What a packed file begins with; sections lie at offsets from there, 0 where there is none. */
struct packed {
    u8 magic[8];
    u32 method, plain, puts_space_first, splits;
    u32 unknown, strips_end;
    double unknown_score;
    u64 offsets[SECTIONS];
};

struct vocabulary {
    enum method method;
    u32 plain;            /* the flag that all characters but ASCII must have, or 0 */
    u32 puts_space_first; /* in front of a text, as its owner's normalizer does */
    u32 strips_end;       /* of white space */
    u32 split_count;
    struct split splits[MAX_SPLITS];
    struct strings added, changed, boundaries;
    const u32 *changed_places;
    const u8 *changed_into;
    const u32 *ranks, *ascii_pairs;
    const u8 *left_out, *whole;
    const u8 *added_ends;
    u8 may_begin_added[256]; /* by first byte */
    struct unigram unigram; /* its tokens are those of every method */
    struct word_pieces word_pieces;
};

/* Whether a token may join what the text is cut between. */
int may_cross_boundary(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Read a packed file that is in memory and stays there. 0 if it is none. */
int read_vocabulary(struct vocabulary *vocabulary, const void *content, u64 size);

#endif
