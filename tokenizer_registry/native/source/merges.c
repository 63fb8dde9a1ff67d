#include "merges.h"

#include "bpe.h"

/* Pairs are in blocks, of which the least order is kept: after a merge only the blocks that changed are searched. */
#define BLOCKS_OF_TEXT (MAX_MERGED_BYTES / BLOCK)
#define PLACE_BITS 8
/* Orders from this on are of pairs that make nothing. */
#define NONE ((int32_t)NO_TOKEN << PLACE_BITS)

/* The order of a pair: the rank of what it makes, above the place of its left symbol. */
static inline int32_t order_of(const struct pair_table *table, u32 left, u32 right, u32 place) {
    return (int32_t)(made_of(table, seek_pair(table, left, right)) << PLACE_BITS | place);
}

static inline u32 place_of(int32_t order) { return (u32)order & ((1 << PLACE_BITS) - 1); }

static inline u32 token_of(int32_t order) { return (u32)order >> PLACE_BITS; }

/* Symbols as a list, with the orders of pairs by their left symbols. */
struct symbols {
    u32 count, lacking, has_runs;
    u32 tokens[MAX_MERGED_BYTES + 1];
    int32_t least[BLOCKS_OF_TEXT];
    orders order[BLOCKS_OF_TEXT];
    u16 before[MAX_MERGED_BYTES + 1], after[MAX_MERGED_BYTES + 1];
};

static inline void find_least(struct symbols *s, u32 block) { s->least[block] = __builtin_reduce_min(s->order[block]); }

static inline int32_t least_of(const struct symbols *s, u32 blocks) {
    int32_t least = s->least[0];
    for (u32 block = 1; block < blocks; block++) least = s->least[block] < least ? s->least[block] : least;
    return least;
}

static inline void put_order(struct symbols *s, u32 place, int32_t order) {
    ((int32_t *)s->order)[place] = order;
}

/* Put in the characters of the text, or their bytes where a part of one may merge with a neighbour first. A character
   that is no token where all symbols are characters counts as its bytes, and merges with nothing. Return 0 if pairs of
   tokens do not tell how to merge this text. */
static int put_symbols(const struct pair_table *table, struct symbols *s, const u8 *text, u32 length) {
    const u8 *end = text + length;
    u32 count = 0, before = 0, symbol = first_symbol(table, text);
    s->lacking = s->has_runs = 0;
    for (const u8 *at = text, *next; at < end; at = next) {
        next = at + character_length(*at);
        u32 behind = next < end ? first_symbol(table, next) : 0, token = symbol & NO_TOKEN;
        u32 is_split = (symbol / NOT_BEHIND & before / IS_BEFORE) | (symbol / NOT_BEFORE & behind / IS_BEHIND);
        if (table->characters) {
            s->has_runs |= is_split & 1;
            s->lacking += token == NO_TOKEN ? (u32)(next - at) - 1 : 0;
            s->tokens[count++] = token;
        } else if (is_split & 1 || token == NO_TOKEN) {
            while (at < next) s->tokens[count++] = table->bytes[*at++];
        } else {
            s->tokens[count++] = token;
        }
        before = symbol;
        symbol = behind;
    }
    s->count = count;
    return !s->has_runs || (table->runs && count <= MAX_FEW_SYMBOLS);
}

static void put_pairs(const struct pair_table *table, struct symbols *s, u32 blocks) {
    for (u32 at = 0; at < s->count; at++) {
        s->before[at] = (u16)(at - 1);
        s->after[at] = (u16)(at + 1);
    }
    for (u32 at = 0; at + 1 < s->count; at++)
        put_order(s, at, order_of(table, s->tokens[at], s->tokens[at + 1], at));
    for (u32 at = s->count - 1; at < blocks * BLOCK; at++) put_order(s, at, NONE);
    for (u32 block = 0; block < blocks; block++) find_least(s, block);
}

/* Merge the pair at `left` into the token. */
static inline void merge(const struct pair_table *table, struct symbols *s, u32 left, u32 token, u32 end) {
    u32 right = s->after[left], next = s->after[right], before = s->before[left];
    s->tokens[left] = token;
    s->after[left] = (u16)next;
    put_order(s, right, NONE);
    int32_t order = NONE;
    if (next < end) {
        s->before[next] = (u16)left;
        order = order_of(table, token, s->tokens[next], left);
    }
    put_order(s, left, order);
    if (left) {
        put_order(s, before, order_of(table, s->tokens[before], token, before));
        find_least(s, before / BLOCK);
    }
    if (!left || before / BLOCK != left / BLOCK) find_least(s, left / BLOCK);
    if (right / BLOCK != left / BLOCK) find_least(s, right / BLOCK);
    s->count--;
}

static u32 count_listed(const struct pair_table *table, struct symbols *s) {
    u32 end = s->count, blocks = (end + BLOCK - 1) / BLOCK;
    put_pairs(table, s, blocks);
    for (int32_t least = least_of(s, blocks); least < NONE; least = least_of(s, blocks))
        merge(table, s, place_of(least), token_of(least), end);
    return s->count;
}

/* The first of these bits behind a place, and the last one before it. */
static inline u32 bit_behind(u64 bits, u32 place) { return (u32)__builtin_ctzll(bits & ~(u64)0 << place << 1); }

static inline u32 bit_before(u64 bits, u32 place) { return 63 - (u32)__builtin_clzll(bits & ~(~(u64)0 << place)); }

static inline orders lesser(orders a, orders b) { return __builtin_elementwise_min(a, b); }

static inline int32_t least_of_few(const struct few_symbols *s) {
    orders least = s->order[0];
    for (u32 block = 1; block < s->blocks; block++) least = lesser(least, s->order[block]);
    return __builtin_reduce_min(least);
}

/* The two pairs of a token that was just made, whose orders are not known yet. */
struct new_pairs {
    struct sought_pair with_next, with_before;
    u8 number, place, before;
};

static inline struct sought_pair fetch_pair(const struct pair_table *table, u32 left, u32 right) {
    struct sought_pair sought = seek_pair(table, left, right);
    __builtin_prefetch(table->pairs + sought.place);
    return sought;
}

/* Merge the pair whose order is `least`. */
static inline struct new_pairs merge_few(const struct pair_table *table, struct few_symbols *s, int32_t least) {
    u32 place = place_of(least), token = token_of(least), right = bit_behind(s->left, place);
    u32 next = bit_behind(s->left, right), before = bit_before(s->left, place);
    s->left &= ~((u64)1 << right);
    s->tokens[place] = token;
    ((int32_t *)s->order)[right] = NONE;
    return (struct new_pairs){
        .with_next = fetch_pair(table, token, s->tokens[next]),
        .with_before = fetch_pair(table, s->tokens[before], token),
        .place = (u8)place,
        .before = (u8)before,
    };
}

static inline void put_new_pairs(const struct pair_table *table, struct few_symbols *s, const struct new_pairs *pairs) {
    int32_t *order = (int32_t *)s->order;
    order[pairs->place] = (int32_t)(made_of(table, pairs->with_next) << PLACE_BITS | pairs->place);
    order[pairs->before] = (int32_t)(made_of(table, pairs->with_before) << PLACE_BITS | pairs->before);
}

void merge_together(const struct pair_table *table, struct few_symbols *few, u32 count) {
    struct new_pairs open[MAX_TOGETHER];
    for (u32 number = 0; number < count; number++) open[number].number = (u8)number;
    while (count) {
        u32 merged = 0;
        for (u32 at = 0; at < count; at++) {
            u8 number = open[at].number;
            int32_t least = least_of_few(few + number);
            if (least >= NONE) continue;
            open[merged] = merge_few(table, few + number, least);
            open[merged++].number = number;
        }
        count = merged;
        for (u32 at = 0; at < count; at++) put_new_pairs(table, few + open[at].number, open + at);
    }
}

static void begin_few(struct few_symbols *s, u32 count) {
    s->left = ((u64)4 << count) - 1;
    s->tokens[0] = s->tokens[count + 1] = NO_TOKEN;
    s->blocks = count / BLOCK + 1;
    for (u32 block = 0; block < s->blocks; block++) s->order[block] = NONE - (orders){0};
}

static void put_characters(const struct pair_table *table, struct few_symbols *s, const u32 *symbols, u32 count) {
    int32_t *order = (int32_t *)s->order;
    begin_few(s, count);
    memcpy(s->tokens + 1, symbols, count * sizeof *symbols);
    struct sought_pair sought[MAX_FEW_SYMBOLS];
    for (u32 at = 1; at < count; at++) sought[at] = fetch_pair(table, s->tokens[at], s->tokens[at + 1]);
    for (u32 at = 1; at < count; at++) order[at] = (int32_t)(made_of(table, sought[at]) << PLACE_BITS | at);
}

/* ASCII has a table of pairs of its own. */
static void put_ascii(const struct pair_table *table, struct few_symbols *s, const u8 *text, u32 length) {
    int32_t *order = (int32_t *)s->order;
    begin_few(s, length);
    for (u32 at = 1; at < length; at++) {
        u32 made = table->ascii[(u32)text[at - 1] << 7 | text[at]];
        made = made < NO_TOKEN ? made : NO_TOKEN;
        s->tokens[at] = table->bytes[text[at - 1]];
        order[at] = (int32_t)(made << PLACE_BITS | at);
    }
    s->tokens[length] = table->bytes[text[length - 1]];
}

static int is_ascii(const u8 *text, u32 length) {
    u8 any = 0;
    for (u32 at = 0; at < length; at++) any |= text[at];
    return any < 0x80;
}

u32 begin_merging(const struct pair_table *table, const u8 *text, u32 length, struct few_symbols *few) {
    struct symbols s;
    if (table->ascii && length <= MAX_FEW_SYMBOLS && is_ascii(text, length)) {
        put_ascii(table, few, text, length);
        few->lacking = few->has_runs = 0;
        return 0;
    }
    if (!put_symbols(table, &s, text, length)) return ABSENT;
    if (s.count > MAX_FEW_SYMBOLS) return count_listed(table, &s) + s.lacking;
    put_characters(table, few, s.tokens, s.count);
    few->lacking = s.lacking;
    few->has_runs = s.has_runs;
    return 0;
}

/* Return how many tokens less than symbols there are if the runs that are left are merged. */
static u32 merged_in_runs(const struct run_table *runs, const struct few_symbols *s) {
    u64 alone = 0;
    u32 merged = 0;
    for (u32 at = 0; at < s->blocks * BLOCK; at++) alone |= (u64)(s->tokens[at] == runs->token) << at;
    for (u64 left = alone & s->left; left;) {
        u32 begin = (u32)__builtin_ctzll(left), length = (u32)__builtin_ctzll(~(left >> begin));
        merged += length - runs->tokens[length];
        left &= ~(u64)0 << begin << length;
    }
    return merged;
}

u32 count_merged(const struct pair_table *table, const u8 *text, u32 length) {
    struct few_symbols few;
    u32 count = begin_merging(table, text, length, &few);
    if (count) return count;
    merge_together(table, &few, 1);
    return few_left(&few) - (few.has_runs ? merged_in_runs(table->runs, &few) : 0);
}

u32 find_pairs(const struct vocabulary *vocabulary, u32 *found, struct buffers *buffers) {
    const struct string_table *tokens = &vocabulary->unigram.tokens;
    u32 count = 0;
    for (u32 number = 0; number < tokens->count; number++) {
        const u8 *text = tokens->text + tokens->offsets[number];
        u32 length = tokens->offsets[number + 1] - tokens->offsets[number];
        u32 left = length > 1 ? left_of_last_merge(vocabulary, text, length, buffers) : 0;
        if (!left) continue;
        found[3 * count] = find_string(tokens, text, left);
        found[3 * count + 1] = find_string(tokens, text + left, length - left);
        found[3 * count++ + 2] = number;
    }
    return count;
}

int fill_pairs(const struct zone *zones, u32 capacity, const u32 *found, u32 count, u64 *pairs) {
    u64 *filter = pairs + capacity + PAIRS_BEHIND;
    for (const u32 *one = found; one < found + 3 * (size_t)count; one += 3) {
        u32 bit = bit_of_pair(zones, one[0], one[1]), place = bit / FILTER_BITS_PER_PLACE;
        while (pairs[place] != FREE_PAIR) place++;
        if (place >= capacity + PAIRS_BEHIND - 2) return 0;
        pairs[place] = pair_of(one[0], one[1]) << TOKEN_BITS | one[2];
        filter[bit >> 6] |= (u64)1 << (bit & 63);
    }
    return 1;
}
