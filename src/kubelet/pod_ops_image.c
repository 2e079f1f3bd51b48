// SPDX-License-Identifier: Apache-2.0
/* Is the image there? If the policy wants it fetched: pull, and look again for its size. */
#include "base/time.h"
#include "kubelet/kubelet_internal.h"

#define IMAGE_TIMEOUT (60 * NSEC_PER_SEC)

/* A name without tag or digest means :latest. */
static str with_tag(struct arena *a, str image) {
    str last = image;
    for (ssize_t at; (at = str_chr(last, '/')) >= 0;)
        last = str_slice(last, (size_t)at + 1, last.n);
    if (str_chr(last, ':') >= 0 || str_chr(image, '@') >= 0)
        return image;
    return str_concat(a, image, STR(":latest"));
}

static void fail(struct operation *o, int r, const char *reason, str message) {
    worker_event(o->w, true, "Failed", o->op.container, "Error: %s", reason);
    operation_done(o, r, reason, message, STR_NONE, 0);
}

static void ask(struct operation *o, cri_done done) {
    cri_ImageSpec image = {.image = with_tag(&o->arena, o->container->image)};
    cri_ImageStatusRequest q = {.image = &image};
    o->cri = cri_send(o->w->k->cri, CRI_IMAGE_STATUS, &q, IMAGE_TIMEOUT, done, o);
}

/* The image is there: may it run as the pod wants? */
static void have(struct operation *o, const cri_Image *image) {
    struct err e = {0};
    int r = check_non_root(o->pod, o->container, image->uid ? image->uid->value : -1,
                           image->username, &e);
    if (r < 0) {
        worker_event(o->w, true, "Failed", o->op.container, "Error: %s", e.text);
        operation_done(o, r, "CreateContainerConfigError", str_of(e.text), STR_NONE, 0);
        return;
    }
    operation_done(o, 0, NULL, STR_NONE, image->id, 0);
}

static void on_pulled_status(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    const cri_ImageStatusResponse *s = response;
    char took[DURATION_TEXT_MAX];
    o->cri = NULL;
    if (r < 0 || !s->image) {
        fail(o, r < 0 ? r : -ENOENT, "ImageInspectError",
             r < 0 ? str_of(e->text) : STR("the image is gone"));
        return;
    }
    int64_t ms = (loop_now(o->w->k->loop) - o->begun) / NSEC_PER_MSEC;
    duration_format(took, ms * NSEC_PER_MSEC);
    worker_event(o->w, false, "Pulled", o->op.container,
                 "Successfully pulled image \"" STR_FMT
                 "\" in %s (%s including waiting). Image size: %llu bytes.",
                 STR_ARG(o->container->image), took, took, (unsigned long long)s->image->size);
    node_images_changed(o->w->k->node);
    have(o, s->image);
}

static void on_pulled(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    o->cri = NULL;
    if (r == 0) {
        ask(o, on_pulled_status);
        return;
    }
    worker_event(o->w, true, "Failed", o->op.container, "Failed to pull image \"" STR_FMT "\": %s",
                 STR_ARG(o->container->image), e->text);
    fail(o, r, "ErrImagePull", str_of(e->text));
}

static void pull(struct operation *o) {
    cri_PodSandboxConfig sandbox;
    sandbox_config(&o->arena, &o->w->k->config, o->pod, 0, &sandbox);
    cri_ImageSpec image = {.image = with_tag(&o->arena, o->container->image)};
    cri_PullImageRequest q = {.image = &image, .sandbox_config = &sandbox};
    worker_event(o->w, false, "Pulling", o->op.container, "Pulling image \"" STR_FMT "\"",
                 STR_ARG(o->container->image));
    o->begun = loop_now(o->w->k->loop);
    o->cri = cri_send(o->w->k->cri, CRI_PULL_IMAGE, &q, 0, on_pulled, o);
}

static void on_status(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    const cri_ImageStatusResponse *s = response;
    const cri_Image *image = r == 0 ? s->image : NULL;
    str name = o->container->image, policy = o->container->image_pull_policy;
    o->cri = NULL;
    if (r < 0 && r != -ENOENT) {
        bool bad_name = r == -EINVAL;
        str text = str_printf(&o->arena, "Failed to inspect image \"" STR_FMT "\": %s",
                              STR_ARG(name), e->text);
        worker_event(o->w, true, "InspectFailed", o->op.container, STR_FMT, STR_ARG(text));
        fail(o, r, bad_name ? "InvalidImageName" : "ImageInspectError", text);
    } else if (str_eqc(policy, "Always")) {
        pull(o);
    } else if (image) {
        worker_event(o->w, false, "Pulled", o->op.container,
                     "Container image \"" STR_FMT
                     "\" already present on machine and can be accessed by the pod",
                     STR_ARG(name));
        have(o, image);
    } else if (str_eqc(policy, "Never")) {
        str text = str_printf(
            &o->arena, "Container image \"" STR_FMT "\" is not present with pull policy of Never",
            STR_ARG(name));
        worker_event(o->w, true, "ErrImageNeverPull", o->op.container, STR_FMT, STR_ARG(text));
        fail(o, -ENOENT, "ErrImageNeverPull", text);
    } else {
        pull(o);
    }
}

void operation_image(struct operation *o) {
    if (!o->container) {
        operation_done(o, -ECANCELED, NULL, STR_NONE, STR_NONE, 0);
        return;
    }
    ask(o, on_status);
}
