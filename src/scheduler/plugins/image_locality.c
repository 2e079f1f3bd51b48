// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

static void score(struct cycle *c, int64_t *scores);
extern const struct plugin image_locality_plugin;
const struct plugin image_locality_plugin = {.name = "ImageLocality", .score = score, .weight = 1};

#define MIN_SIZE (23LL * 1024 * 1024)
#define MAX_SIZE (1000LL * 1024 * 1024) /* a container */

/* "nginx" is known to nodes as docker.io/library/nginx:latest; like upstream only a missing tag is
 * completed. */
static str with_tag(struct arena *a, str image) {
    ssize_t last = -1;
    for (size_t i = 0; i < image.n; i++)
        if (image.p[i] == '/')
            last = (ssize_t)i;
    str rest = str_slice(image, (size_t)(last + 1), image.n);
    return str_chr(rest, ':') >= 0 || str_chr(image, '@') >= 0
               ? image
               : str_concat(a, image, STR(":latest"));
}

/* An image counts by its size, scaled down by how few nodes have it, so that pods do not heap up on
 * the one node that has pulled first. */
static void add_images(struct cycle *c, const Container *v, uint32_t n, int64_t *scores) {
    for (uint32_t i = 0; i < n; i++) {
        const struct label_row *l = map_get(&c->nodes->images, with_tag(c->arena, v[i].image));
        if (!l || c->nodes->n_live == 0)
            continue;
        int64_t scaled = l->extra * l->n / c->nodes->n_live;
        BITS_FOREACH (row, &l->nodes)
            scores[row] += scaled;
    }
}

static void score(struct cycle *c, int64_t *scores) {
    const PodSpec *s = &pod_of(c->pod)->spec;
    int64_t max = MAX_SIZE * (int64_t)(s->containers.n + s->init_containers.n);
    add_images(c, s->init_containers.v, s->init_containers.n, scores);
    add_images(c, s->containers.v, s->containers.n, scores);
    BITS_FOREACH (row, &c->feasible) {
        int64_t v = MIN(MAX(scores[row], MIN_SIZE), max);
        scores[row] = max > MIN_SIZE ? SCORE_MAX * (v - MIN_SIZE) / (max - MIN_SIZE) : 0;
    }
}
