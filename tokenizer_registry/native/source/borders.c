#include "borders.h"

/* Kinds of the bytes before those of a block. A character has its kinds in all of its bytes, so that these are the kinds
   of the character before one that begins there. */
struct preceding {
    u64 letter, lower, caseless, punctuation, digit, white, blank, space, line, han;
};

/* Kinds as borders are found from them. */
struct seen {
    u64 letter, upper, lower, caseless, punctuation, digit, white, blank, space, line, han, unknown;
};

static inline u64 behind(u64 mask, u64 *last) {
    u64 found = mask << 1 | *last;
    *last = mask >> (BLOCK_BYTES - 1);
    return found;
}

static inline u64 before(u64 mask, u64 next) { return mask >> 1 | next << (BLOCK_BYTES - 1); }

/* Return the runs of the mask that begin at `begins`, the first bits of some of its runs. */
static inline u64 runs_from(u64 begins, u64 mask) { return mask & ~(mask + begins); }

static inline u64 with_rest(u64 firsts, u64 rest) {
    for (u32 byte = 1; byte < 4; byte++) firsts |= firsts << 1 & rest;
    return firsts;
}

/* Marks behind letters are letters. What is in a kind of its own otherwise is unknown. */
static inline struct seen see(const struct border_state *s, u32 style, const struct kinds *k) {
    u64 begins = k->mark & ~(k->mark << 1) & (k->letter << 1 | s->letter), marks = runs_from(begins, k->mark);
    struct seen seen = {
        .letter = k->letter | marks,
        .upper = k->upper & k->letter,
        .lower = k->lower,
        .digit = k->digit,
        .white = k->white,
        .space = k->space,
        .line = style & SPACE_ONLY ? 0 : k->line,
        .han = k->han,
        .unknown = (k->mark & ~marks) | (k->upper & ~k->letter),
    };
    seen.caseless = seen.letter & ~(seen.upper | seen.lower);
    seen.blank = seen.white & ~seen.line;
    seen.punctuation = ~(seen.letter | seen.digit | seen.white | seen.han | seen.unknown);
    return seen;
}

static inline struct preceding see_before(struct border_state *s, const struct seen *k) {
    return (struct preceding){
        .letter = behind(k->letter, &s->letter),
        .lower = behind(k->lower, &s->lower),
        .caseless = behind(k->caseless, &s->caseless),
        .punctuation = behind(k->punctuation, &s->punctuation),
        .digit = behind(k->digit, &s->digit),
        .white = behind(k->white, &s->white),
        .blank = behind(k->blank, &s->blank),
        .space = behind(k->space, &s->space),
        .line = behind(k->line, &s->line),
        .han = behind(k->han, &s->han),
    };
}

/* Return the first of each three digits. `digits_before`: whether the block begins behind one. */
static u64 by_three(struct border_state *s, u64 digits, u64 digits_before) {
    u64 three = digits & digits << 1 & digits << 2, found = digits & ~(digits << 1 | digits_before);
    u32 open = (3 - s->digits) % 3;
    u64 rest = ((u64)2 << open) - 1;
    if (digits_before && (digits & rest) == rest) found |= (u64)1 << open;
    for (u64 more = found; more; found |= more) more = more << 3 & three;
    u32 run = ~digits ? (u32)__builtin_clzll(~digits) : BLOCK_BYTES;
    s->digits = (run == BLOCK_BYTES && digits_before ? run + s->digits : run) % 3;
    return found;
}

static u64 find_digits(struct border_state *s, u32 style, const struct seen *k, const struct preceding *p, u64 first) {
    if (style & DIGITS_ALONE) return k->digit & first;
    if (style & DIGITS_BY_THREE) return k->digit ? by_three(s, k->digit, p->digit & 1) : 0;
    return k->digit & ~p->digit & first & ~(style & SPACE_BEFORE_DIGITS ? p->space : 0);
}

/* White space between line ends is in one pre-token with them. Return those places behind line ends from which on there
   is no other; a place for which that is not known here becomes unsure. */
static u64 behind_last_lines(u64 places, struct borders *b, const struct seen *k, const struct kinds *next) {
    u64 found = 0;
    for (; places; places &= places - 1) {
        u32 at = (u32)__builtin_ctzll(places), run = BLOCK_BYTES - at;
        u64 others = ~k->blank >> at, line = next->line, place = (u64)1 << at;
        if (others) {
            run = (u32)__builtin_ctzll(others);
            line = k->line >> at;
        } else {
            others = ~(next->white & ~next->line);
            run = others ? (u32)__builtin_ctzll(others) : 0;
            if (!others) b->unsure |= place;
        }
        if (others && !(line >> run & 1)) found |= place;
    }
    return found;
}

/* `joined`: line ends right behind punctuation, which belong to it. */
static void find_white(
    struct border_state *s, u32 style, struct borders *b, const struct seen *k, const struct preceding *p,
    const struct kinds *of, const struct kinds *next
) {
    u64 was_joined = s->joined;
    u64 begins = (k->line & ~p->line & p->punctuation) | (was_joined & k->line);
    u64 joined = runs_from(begins, k->line), runs = k->white & of->first & ~p->white & ~joined;
    u64 behind_joined = behind(joined, &s->joined), lines = k->blank & of->first & p->line;
    runs |= (lines & behind_joined) | behind_last_lines(lines & ~behind_joined, b, k, next);
    u64 last = k->blank & ~before(k->white, next->white);
    if (style & WHITE_BEFORE_DIGITS) last &= ~before(k->digit, next->digit);
    b->all |= runs | (last & of->first);
    b->unsure |= last & ~of->first & ~with_rest(runs, k->blank & ~of->first);
    if (style & SLASHES_END_LINES) b->unsure |= joined & before(of->slash, next->slash);
}

static inline int is_letter(u8 byte, char letter, u32 style) {
    return (style & FOLDS_CONTRACTIONS && byte < 0x80 ? byte | 0x20 : byte) == letter;
}

/* Return the bytes of a contraction behind its apostrophe, as in 's, 'll or 're; 0 if there is none. */
static u32 contraction(const u8 *at, const u8 *end, u32 style) {
    if (at >= end) return 0;
    if (is_letter(*at, 's', style) || is_letter(*at, 'd', style) || is_letter(*at, 'm', style)) return 1;
    if (is_letter(*at, 't', style)) return 1;
    if (end - at < 2) return 0;
    if (is_letter(*at, 'l', style)) return is_letter(at[1], 'l', style) ? 2 : 0;
    if (is_letter(*at, 'v', style) || is_letter(*at, 'r', style)) return is_letter(at[1], 'e', style) ? 2 : 0;
    return style & FOLDS_CONTRACTIONS && at[0] == 0xC5 && at[1] == 0xBF ? 2 : 0; /* U+017F is an s */
}

/* No border is inside of a contraction, but one behind it where letters follow. What an apostrophe there belongs to is
   unsure. */
static void find_contractions(
    struct border_state *s, u32 style, struct borders *b, u64 apostrophes, const u8 *block, const u8 *end,
    const struct seen *k, const struct kinds *of
) {
    u64 ends = s->contraction_ends, inside = s->contractions;
    s->contraction_ends = s->contractions = 0;
    for (; apostrophes; apostrophes &= apostrophes - 1) {
        u32 at = (u32)__builtin_ctzll(apostrophes), length = contraction(block + at + 1, end, style);
        if (!length) continue;
        u32 from = style & CONTRACTIONS_LAST ? at : at + 1;
        __uint128_t behind_it = (__uint128_t)1 << (at + 1 + length), within = behind_it - ((__uint128_t)1 << from);
        ends |= (u64)behind_it;
        inside |= (u64)within;
        s->contraction_ends |= (u64)(behind_it >> BLOCK_BYTES);
        s->contractions |= (u64)(within >> BLOCK_BYTES);
    }
    b->all = (b->all & ~inside) | (ends & k->letter);
    if (style & CONTRACTIONS_LAST) b->unsure |= ends & of->apostrophe;
}

struct borders find_borders(
    struct border_state *s, u32 style, const u8 *block, const u8 *end, const struct kinds *of, const struct kinds *next
) {
    struct borders b = {0};
    struct seen k = see(s, style, of);
    struct preceding p = see_before(s, &k);
    u64 unknown_next = (next->mark | (next->upper & ~next->letter)) & 1 & ~s->letter;
    b.unsure = k.unknown | before(k.unknown, unknown_next);

    u64 punctuation = k.punctuation & ~p.punctuation & of->first, letters = k.letter & ~p.letter & of->first;
    /* One mark of punctuation of its own is taken in front of letters. */
    u64 rest = k.punctuation & ~of->first, begun = s->fresh;
    u64 fresh = with_rest((punctuation & ~p.space) | (begun & rest), rest), behind_fresh = behind(fresh, &s->fresh);
    b.all = (punctuation & ~p.space) | (k.han & ~p.han & of->first);
    b.all |= letters & ~(style & SPACE_ONLY ? p.space : p.blank | behind_fresh);
    b.all |= find_digits(s, style, &k, &p, of->first);
    if (style & DIGITS_BY_THREE) b.unsure |= k.digit & ~of->ascii;
    if (style & SPLITS_CASES) {
        b.all |= k.upper & p.lower & of->first;
        b.unsure |= k.upper & p.caseless & of->first;
    }
    find_white(s, style, &b, &k, &p, of, next);
    u64 apostrophes = of->apostrophe & (style & CONTRACTIONS_LAST ? p.letter : fresh);
    if (style & (CONTRACTIONS_FIRST | CONTRACTIONS_LAST) && (apostrophes | s->contraction_ends | s->contractions))
        find_contractions(s, style, &b, apostrophes, block, end, &k, of);
    b.solid = b.all & (k.letter | punctuation | (k.digit & ~p.digit) | k.han | (k.white & ~p.white));
    return b;
}
