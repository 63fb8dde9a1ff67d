/* For memmem, which is in no standard. */
#define _GNU_SOURCE
#include "vocabulary.h"

static const u8 MAGIC[8] = "WBPACK06";

static const void *section(const struct packed *packed, u32 number) {
    return packed->offsets[number] ? (const u8 *)packed + packed->offsets[number] : NULL;
}

/* Capacity, count, length of the longest, an unused number; then buckets, offsets, text. */
static struct string_table strings_at(const void *content) {
    if (!content) return (struct string_table){0};
    const u32 *head = content;
    struct string_table found = {head[0], head[1], head[2], (const struct bucket *)(head + 4), NULL, NULL};
    found.offsets = (const u32 *)(found.buckets + found.capacity);
    found.text = (const u8 *)(found.offsets + found.count + 1);
    return found;
}

/* The number of all alternatives, of those to try, and two flags; then the tables. */
static struct split split_at(const void *content) {
    const u32 *head = content, *tables = head + 4;
    struct split found = {
        .drops_gaps = head[2],
        .is_of_bytes = head[3],
        .masks = tables,
        .may_begin = tables + MAX_CLASSES,
        .class_of_byte = tables + 2 * MAX_CLASSES,
    };
    found.masks_of_ascii = found.class_of_byte + 256;
    found.all = (const struct alternative *)(found.masks_of_ascii + 128);
    found.parts = (const struct part *)(found.all + head[0]);
    return found;
}

/* Capacity, an unused number, the zones, the tokens of bytes, pairs, the filter. */
static struct pair_table pairs_at(const void *content, const void *symbols, const u32 *ascii) {
    if (!content) return (struct pair_table){0};
    const u32 *head = content, *zones = head + 2, *bytes = zones + 2 * ZONES;
    const u64 *pairs = (const u64 *)(bytes + 256);
    return (struct pair_table){
        .capacity = head[0],
        .bytes = bytes,
        .ascii = ascii,
        .blocks_of_symbols = symbols,
        .symbols = (const u32 *)((const u16 *)symbols + 0x10000 / 64),
        .zones = (const struct zone *)zones,
        .pairs = pairs,
        .filter = pairs + head[0] + PAIRS_BEHIND,
    };
}

static struct border_style borders_at(const void *content) {
    if (!content) return (struct border_style){0};
    return (struct border_style){*(const u32 *)content, (const u8 *)content + sizeof(u32)};
}

static struct charsmap charsmap_at(const void *content) {
    if (!content) return (struct charsmap){0};
    const u32 *units = (const u32 *)content + 1;
    return (struct charsmap){units, (const u8 *)units + units[-1]};
}

static struct unsplit_unigram unsplit_unigram_at(const void *content, double unknown_score) {
    if (!content) return (struct unsplit_unigram){0};
    const u32 *head = content;
    struct piece_trie pieces = {head[0], (const struct trie_unit *)(head + 4)};
    return (struct unsplit_unigram){pieces, (float)unknown_score};
}

int read_vocabulary(struct vocabulary *vocabulary, const void *content, u64 size) {
    const struct packed *packed = content;
    if (size < sizeof *packed || memcmp(packed->magic, MAGIC, sizeof MAGIC)) return 0;
    const u32 *changed_into = section(packed, CHANGED_INTO);
    struct string_table tokens = strings_at(section(packed, TOKENS));
    *vocabulary = (struct vocabulary){
        .method = packed->method,
        .plain = packed->plain,
        .puts_space_first = packed->puts_space_first,
        .strips_end = packed->strips_end,
        .split_count = packed->splits,
        .added = strings_at(section(packed, ADDED)),
        .changed = strings_at(section(packed, CHANGED)),
        .boundaries = strings_at(section(packed, BOUNDARIES)),
        .changed_places = changed_into,
        .pairs = pairs_at(section(packed, PAIRS), section(packed, FIRST_SYMBOLS), section(packed, ASCII_PAIRS)),
        .border_style = borders_at(section(packed, BORDERS)),
        .left_out = section(packed, LEFT_OUT),
        .ranks = section(packed, RANKS),
        .ascii_pairs = section(packed, ASCII_PAIRS),
        .whole = section(packed, WHOLE),
        .added_ends = section(packed, ADDED_ENDS),
        .end_of_word = section(packed, END_OF_WORD),
        .unigram = {tokens, section(packed, SCORES), packed->unknown_score, packed->unknown},
        .charsmap = charsmap_at(section(packed, CHARSMAP)),
        .unsplit_unigram = unsplit_unigram_at(section(packed, PIECE_TRIE), packed->unknown_score),
    };
    if (packed->method == CHARACTER_BPE) vocabulary->pairs.characters = &vocabulary->unigram.tokens;
    vocabulary->pairs.runs = section(packed, RUNS);
    if (vocabulary->ranks) vocabulary->pairs.ascii = NULL; /* these are ranks, which are not the numbers of tokens here */
    if (changed_into) vocabulary->changed_into = (const u8 *)(changed_into + vocabulary->changed.count + 1);
    vocabulary->word_pieces =
        (struct word_pieces){tokens, strings_at(section(packed, CONTINUATIONS)), packed->plain == PLAIN_IN_CASED_BERT};
    for (u32 number = 0; number < packed->splits; number++)
        vocabulary->splits[number] = split_at(section(packed, SPLITS + number));
    for (u32 number = 0; number < vocabulary->added.count; number++)
        vocabulary->may_begin_added[vocabulary->added.text[vocabulary->added.offsets[number]]] = 1;
    return 1;
}

int may_cross_boundary(const struct vocabulary *vocabulary, const u8 *text, u32 length) {
    const struct string_table *boundaries = &vocabulary->boundaries;
    for (u32 number = 0; number < boundaries->count; number++) {
        u32 begin = boundaries->offsets[number];
        if (memmem(text, length, boundaries->text + begin, boundaries->offsets[number + 1] - begin)) return 1;
    }
    return 0;
}

void fill_strings(struct bucket *buckets, u32 capacity, const u32 *offsets, const u8 *text, u32 count) {
    struct string_table so_far = {capacity, count, UINT32_MAX, buckets, offsets, text};
    for (u32 number = 0; number < count; number++) {
        const u8 *at = text + offsets[number];
        u32 length = offsets[number + 1] - offsets[number];
        if (find_string(&so_far, at, length) != ABSENT) continue;
        struct sought sought = seek(at, length);
        u32 place = first_bucket(sought.hash, capacity);
        while (buckets[place].number != ABSENT) place = place + 1 == capacity ? 0 : place + 1;
        buckets[place] = (struct bucket){sought.prefix, number, sought.check};
    }
}
