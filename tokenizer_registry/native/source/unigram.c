#include "unigram.h"

/* The best segmentation up to a place of the word: its score, and the begin and number of its last token. */
struct lattice_node {
    double score;
    u32 begin, token;
};

#define UNREACHED UINT32_MAX

static void offer(struct lattice_node *node, double score, u32 begin, u32 token) {
    if (node->begin == UNREACHED || score > node->score) *node = (struct lattice_node){score, begin, token};
}

static void extend(const struct unigram *model, const u8 *word, u32 length, u32 begin, struct lattice_node *lattice) {
    double score = lattice[begin].score;
    u32 single = begin + character_length(word[begin]), has_single = 0;
    for (u32 end = single;; end += character_length(word[end])) {
        u32 token = find_string(&model->tokens, word + begin, end - begin);
        if (token == ABSENT) break;
        if (model->scores[token] == model->scores[token]) {
            offer(lattice + end, model->scores[token] + score, begin, token);
            has_single |= end == single;
        }
        if (end == length) break;
    }
    if (!has_single) offer(lattice + single, model->unknown_score + score, begin, model->unknown);
}

u32 count_unigram(const struct unigram *model, const u8 *word, u32 length, struct scratch *scratch) {
    struct lattice_node *lattice = scratch_reserve(scratch, ((size_t)length + 1) * sizeof *lattice);
    if (!lattice) return ABSENT;
    for (u32 at = 0; at <= length; at++) lattice[at] = (struct lattice_node){0, UNREACHED, 0};
    for (u32 at = 0; at < length; at += character_length(word[at])) extend(model, word, length, at, lattice);
    u32 count = 0, after = ABSENT;
    for (u32 at = length; at; at = lattice[at].begin) {
        if (lattice[at].token != model->unknown || after != model->unknown) count++;
        after = lattice[at].token;
    }
    return count;
}
