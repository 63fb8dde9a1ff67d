#include "unigram.h"

/* The best segmentation up to a place of the word: its score, the number of its tokens, and the last of them. */
struct lattice_node {
    double score;
    u32 count, token;
};

#define UNREACHED UINT32_MAX
/* Above the bytes of a character, each of which may be an unknown token. */
#define MIN_PLACES 8

/* The nodes of the places that one token may lead to. A place shares its node with those further back, which no token
   reaches from here: so a word of any length takes the memory of the longest token. */
struct lattice {
    struct lattice_node *nodes;
    u32 mask;
};

static struct lattice_node *node_at(const struct lattice *lattice, u32 place) {
    return lattice->nodes + (place & lattice->mask);
}

/* Neighbouring unknown tokens count as one. */
static void offer(struct lattice_node *node, const struct lattice_node *before, double score, u32 token, u32 unknown) {
    if (node->count != UNREACHED && !(score > node->score)) return;
    u32 is_counted = token != unknown || before->token != unknown;
    *node = (struct lattice_node){score, before->count + is_counted, token};
}

static void extend(const struct unigram *model, const u8 *word, u32 length, u32 begin, const struct lattice *lattice) {
    struct lattice_node before = *node_at(lattice, begin);
    node_at(lattice, begin)->count = UNREACHED;
    u32 single = begin + character_length(word[begin]), has_single = 0;
    for (u32 end = single;; end += character_length(word[end])) {
        u32 token = find_string(&model->tokens, word + begin, end - begin);
        if (token == ABSENT) break;
        if (model->scores[token] == model->scores[token]) {
            offer(node_at(lattice, end), &before, model->scores[token] + before.score, token, model->unknown);
            has_single |= end == single;
        }
        if (end == length) break;
    }
    if (!has_single)
        offer(node_at(lattice, single), &before, model->unknown_score + before.score, model->unknown, model->unknown);
}

u32 count_unigram(const struct unigram *model, const u8 *word, u32 length, struct scratch *scratch) {
    u32 places = MIN_PLACES;
    while (places <= model->tokens.longest) places *= 2;
    struct lattice lattice = {scratch_reserve(scratch, places * sizeof *lattice.nodes), places - 1};
    if (!lattice.nodes) return ABSENT;
    for (u32 at = 0; at < places; at++) lattice.nodes[at].count = UNREACHED;
    *node_at(&lattice, 0) = (struct lattice_node){0, 0, ABSENT};
    for (u32 at = 0; at < length; at += character_length(word[at])) extend(model, word, length, at, &lattice);
    return node_at(&lattice, length)->count;
}
