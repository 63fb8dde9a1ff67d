/* A vocabulary in its packed file, which is mapped and used as it is.

   Invariant: a vocabulary is never written to after read_vocabulary; the file must stay mapped. */
#ifndef WEIGHBRIDGE_VOCABULARY_H
#define WEIGHBRIDGE_VOCABULARY_H

#include "characters.h"
#include "charsmap.h"
#include "merges.h"
#include "splitter.h"
#include "unigram.h"
#include "unsplit_unigram.h"
#include "word_pieces.h"

/* The model: how a pre-token becomes tokens. */
enum method { BYTE_BPE, CHARACTER_BPE, UNIGRAM, WORD_PIECES, LONGEST_MATCH, UNSPLIT_UNIGRAM };

#define MAX_SPLITS 8

enum section {
    TOKENS,        /* string table: tokens by rank, or by number if they have scores */
    LEFT_OUT,      /* for each byte whether it is dropped, because it has no token */
    ADDED,         /* string table: tokens that match wherever they occur, and their prefixes */
    ADDED_ENDS,    /* for each of these, whether it is a token */
    SCORES,
    CONTINUATIONS, /* string table: pieces inside of a word */
    RANKS,         /* of tokens, if they differ from their numbers */
    CHANGED,       /* string table: characters that the normalizer changes */
    CHANGED_INTO,  /* offsets of what it makes of them, then the text */
    WHOLE,         /* a bit for each token: the model makes it of its own text, or it is no mere prefix */
    ASCII_PAIRS,   /* for two ASCII characters the rank of their merge, ABSENT, or NEVER_ADJACENT */
    BOUNDARIES,        /* string table: what tokens have across the end of a word */
    OWN_NORMALIZER,      /* read by Python only */
    END_OF_WORD,   /* a byte that stands behind each pre-token; texts are put into lower case */
    PAIRS,         /* which two tokens make which, if tokens are numbered by rank */
    BORDERS,       /* the style of a pattern, and the kinds of characters by class */
    FIRST_SYMBOLS, /* by code point, tokens of characters that merging may begin with */
    CHARSMAP,      /* the bytes of a double array, the array, and the strings that it leads to */
    PIECE_TRIE,    /* bytes of the longest piece, three unused numbers, the units */
    RUNS,          /* a character, and how many tokens its runs have, by length */
    SPLITS,        /* the first of MAX_SPLITS sections */
    SECTIONS = SPLITS + MAX_SPLITS,
};

/* The head of a packed file. Sections lie at offsets from its begin, 0 if missing. */
struct packed {
    u8 magic[8];
    u32 method, plain, puts_space_first, splits;
    u32 unknown, strips_end;
    double unknown_score;
    u64 offsets[SECTIONS];
};

struct vocabulary {
    enum method method;
    u32 plain;            /* the flag that all non-ASCII characters must have, or 0 */
    u32 puts_space_first; /* in front of a text, as the normalizer does */
    u32 strips_end;       /* of a text with white space */
    u32 split_count;
    struct split splits[MAX_SPLITS];
    struct border_style border_style;
    struct string_table added, changed, boundaries;
    const u32 *changed_places;
    const u8 *changed_into;
    const u32 *ranks, *ascii_pairs;
    struct pair_table pairs;
    const u8 *left_out, *whole;
    const u8 *added_ends;
    const u8 *end_of_word; /* NULL if nothing stands behind a pre-token */
    u8 may_begin_added[256]; /* by first byte */
    struct unigram unigram; /* its tokens are those of every model */
    struct word_pieces word_pieces;
    struct charsmap charsmap;
    struct unsplit_unigram unsplit_unigram;
};

/* Return whether the text has a string that a token has across the end of a word. */
int may_cross_boundary(const struct vocabulary *vocabulary, const u8 *text, u32 length);

/* Read a packed file that is and stays in memory. Return 0 if it is none. */
int read_vocabulary(struct vocabulary *vocabulary, const void *content, u64 size);

#endif
