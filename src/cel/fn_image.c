// SPDX-License-Identifier: Apache-2.0
/* References of container images. */
#include "cel/functions.h"
#include "cel/run.h"

#define REGISTRY_DEFAULT "index.docker.io"
#define REPOSITORY_MAX   255
#define TAG_MAX          128

struct image {
    str registry, repository, tag, digest;
};

static bool only(str s, const char *others, bool upper) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr(others, c))))
            return false;
    }
    return true;
}

static bool digest_ok(str s) {
    str algorithm = str_cut(&s, ':');
    if (!str_eqc(algorithm, "sha256") || s.n != 64)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) < 0)
            return false;
    return true;
}

static bool repository_ok(str s) {
    if (s.n < 2 || s.n > REPOSITORY_MAX || !only(s, "_-./", false))
        return false;
    for (str rest = s; rest.p;)
        if (!str_cut(&rest, '/').n)
            return false;
    return true;
}

/* A first part that can only be a server: with a dot, a port, or "localhost". */
static bool is_registry(str s) {
    return str_chr(s, '.') >= 0 || str_chr(s, ':') >= 0 || str_eqc(s, "localhost");
}

static bool parse(struct cel_run *r, str s, struct image *ret) {
    struct image im = {STR(REGISTRY_DEFAULT), STR_NONE, STR_NONE, STR_NONE};
    ssize_t slash, colon;
    im.digest = s;
    s = str_cut(&im.digest, '@');
    slash = str_chr(s, '/');
    if (slash > 0 && is_registry(str_slice(s, 0, (size_t)slash))) {
        im.registry = str_slice(s, 0, (size_t)slash);
        s = str_slice(s, (size_t)slash + 1, s.n);
    }
    colon = str_chr(s, ':');
    if (colon >= 0) {
        im.tag = str_slice(s, (size_t)colon + 1, s.n);
        s = str_slice(s, 0, (size_t)colon);
        if (!im.tag.n || im.tag.n > TAG_MAX || !only(im.tag, "_-.", true))
            return false;
    }
    if ((im.digest.p && !digest_ok(im.digest)) || !repository_ok(s) ||
        !only(im.registry, ".:-[]", true))
        return false;
    im.repository = s;
    if (str_eqc(im.registry, REGISTRY_DEFAULT) && str_chr(s, '/') < 0)
        im.repository = str_concat(r->arena, STR("library/"), s);
    if (im.digest.p)
        im.tag = STR_NONE;
    else if (!im.tag.p)
        im.tag = STR("latest");
    *ret = im;
    return true;
}

struct cel_value fn_image(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct image im;
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    if (!parse(r, args[0].s, &im))
        return cel_fail(r, "could not parse reference: " STR_FMT, STR_ARG(args[0].s));
    return cel_of_opaque(r, &cel_type_image, arena_dup(r->arena, &im, sizeof(im)));
}

struct cel_value fn_is_image(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct image im;
    return args[0].tag == CEL_V_STRING ? cel_bool(parse(r, args[0].s, &im)) : cel_no_overload();
}

struct cel_value fn_image_contains_digest(struct cel_run *r, const struct cel_value *args,
                                          uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return im ? cel_bool(im->digest.n > 0) : cel_no_overload();
}

static struct cel_value part(const struct image *im, str s) {
    return im ? cel_string(s.p ? s : STR("")) : cel_no_overload();
}
struct cel_value fn_image_registry(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return part(im, im ? im->registry : STR_NONE);
}
struct cel_value fn_image_repository(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return part(im, im ? im->repository : STR_NONE);
}
struct cel_value fn_image_identifier(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return part(im, im ? (im->digest.p ? im->digest : im->tag) : STR_NONE);
}
struct cel_value fn_image_tag(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return part(im, im ? im->tag : STR_NONE);
}
struct cel_value fn_image_digest(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct image *im = cel_data(args[0], &cel_type_image);
    return part(im, im ? im->digest : STR_NONE);
}
