/* method/method.c - a recipe's slots put together: found in their tables, checked against each other, their weights
 * declared in one store. It branches on no slot's name. Not here: do the terms fit what there is (check.c), step graphs
 * (step.c). */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "method/method_private.h"

/* A section's settings; those that change during the run in a copy whose numbers follow it (lac_method_at). */
static lac_status take_section(lac_method *m, const char *path, const lac_settings **out, lac_error *err) {
    const lac_settings *given = lac_recipe_section(m->recipe, path);
    *out = given;
    int n_courses = 0;
    for (int i = 0; i < given->n; i++)
        n_courses += lac_setting_changes(&given->at[i]);
    if (n_courses == 0) return LAC_OK;
    lac_settings *copy = lac_arena_alloc(m->arena, sizeof *copy);
    lac_setting *at = lac_arena_alloc(m->arena, (size_t)given->n * sizeof *at);
    if (!copy || !at) return lac_no_memory(err, "a method's settings");
    *copy = (lac_settings){.slot = given->slot, .n = given->n, .at = at};
    for (int i = 0; i < given->n; i++) {
        at[i] = given->at[i];
        if (!lac_setting_changes(&at[i])) continue;
        if (m->n_courses == LAC_MOST_COURSES)
            return lac_usage(err, "%s: at most %d numbers may follow schedules", path, LAC_MOST_COURSES);
        const char *name = lac_arena_format(m->arena, "%s.%s", path, given->at[i].spec->key);
        if (!name) return lac_no_memory(err, "a method's settings");
        m->courses[m->n_courses++] = (lac_course){&given->at[i], &at[i], name};
    }
    *out = copy;
    return LAC_OK;
}

void lac_method_at(lac_method *m, double share) {
    for (int i = 0; i < m->n_courses; i++)
        m->courses[i].live->number[0] = lac_setting_at(m->courses[i].given, share);
}

static lac_status find_slots(lac_method *m, lac_error *err) {
    const lac_recipe *r = m->recipe;
    LAC_TRY(take_section(m, "mask", &m->mask_settings, err));
    LAC_TRY(take_section(m, "model.encoder", &m->encoder_settings, err));
    LAC_TRY(take_section(m, "model.decoder", &m->decoder_settings, err));
    LAC_TRY(take_section(m, "target", &m->target_settings, err));
    LAC_TRY(take_section(m, "model.feature_decoder", &m->feature_settings, err));
    m->feature_decoder = lac_decoder_find(m->feature_settings->slot);
    LAC_TRY(take_section(m, "model.projector", &m->projector_settings, err));
    LAC_TRY(take_section(m, "model.predictor", &m->predictor_settings, err));
    LAC_TRY(take_section(m, "teacher", &m->teacher_settings, err));
    LAC_TRY(take_section(m, "views", &m->views_settings, err));
    LAC_TRY(take_section(m, "model.quantizer", &m->quantizer_settings, err));
    m->quantizer = lac_quantizer_find(m->quantizer_settings->slot);
    m->projector = lac_projector_find(m->projector_settings->slot);
    m->predictor = lac_predictor_find(m->predictor_settings->slot);
    m->teacher = lac_teacher_find(m->teacher_settings->slot);
    m->views = lac_views_find(m->views_settings->slot);
    m->n_large = m->views->large ? m->views->large(m->views_settings) : 1;
    m->n_small = m->views->small ? m->views->small(m->views_settings) : 0;
    m->held = -1;
    m->teacher_learns =
        m->teacher->exists && !m->teacher->is_copy && !lac_settings_bool(m->teacher_settings, "stop_gradient");
    m->pool = m->projector->build ? lac_projector_pool(m->projector_settings) : LAC_POOL_NONE;
    m->mask = lac_mask_find(m->mask_settings->slot);
    m->encoder = lac_encoder_find(m->encoder_settings->slot);
    m->decoder = lac_decoder_find(m->decoder_settings->slot);
    m->target = lac_target_find(m->target_settings->slot);
    m->n_terms = lac_recipe_objectives(r);
    for (int i = 0; i < m->n_terms; i++) {
        lac_term *term = &m->terms[i];
        snprintf(term->path, sizeof term->path, "objective.%d", i);
        LAC_TRY(take_section(m, term->path, &term->settings, err));
        term->slot = lac_objective_find(term->settings->slot);
        const char *of = lac_settings_text(term->settings, "of");
        term->of = strcmp(of, "projector") == 0   ? LAC_OF_PROJECTOR
                   : strcmp(of, "quantizer") == 0 ? LAC_OF_QUANTIZER
                                                  : LAC_OF_DECODER;
        bool is_pooled = m->pool == LAC_POOL_TOKENS ? term->slot->is_of_pictures : m->pool != LAC_POOL_NONE;
        term->on = is_pooled && term->of == LAC_OF_PROJECTOR ? LAC_ON_PICTURE : lac_objective_on(term->settings);
        if (term->slot->is_by_picture && term->on == LAC_ON_HIDDEN) term->on = LAC_ON_EACH;
        term->has_course = lac_setting_changes(lac_settings_get(term->settings, "weight"));
        bool is_second = false;
        for (int k = 0; k < i; k++)
            is_second = is_second || m->terms[k].slot == term->slot;
        if (is_second)
            snprintf(term->name, sizeof term->name, "%.40s.%d", term->slot->slot.name, i);
        else
            snprintf(term->name, sizeof term->name, "%.40s", term->slot->slot.name);
        snprintf(term->mean, sizeof term->mean, "mean/%s", term->name);
        snprintf(term->figure, sizeof term->figure, "%s_entropy", term->name);
    }
    return lac_method_find_tokenizer(m, err);
}

/* Visible patches alone where all three can, for it costs least; else all patches with a token in place of some. */
static lac_status choose_form(lac_method *m, lac_error *err) {
    const char *mask = m->mask->slot.name, *encoder = m->encoder->slot.name, *decoder = m->decoder->slot.name;
    const lac_decoder_slot *feature = m->feature_decoder;
    bool projects_all = lac_method_projects_patches(m) && !feature->build;
    bool needs_all = m->quantizer->build || projects_all; /* every patch's token */
    if (m->mask->count && (m->decoder->takes_lists || feature->takes_lists))
        return lac_usage(err,
                         "mask '%s' and decoder '%s' do not fit: lists of patches are settled before a network looks",
                         mask, m->decoder->takes_lists ? decoder : feature->slot.name);
    if (m->decoder->takes_lists || feature->takes_lists) return lac_method_choose_lists(m, needs_all, err);
    m->is_index = m->mask->form == LAC_MASK_INDEX && m->encoder->takes_index && m->decoder->takes_index &&
                  feature->takes_index && !needs_all;
    if (m->is_index ||
        ((m->encoder->takes_weight || m->mask->corrupt) && m->decoder->takes_weight && feature->takes_weight))
        return LAC_OK;
    if (m->decoder->takes_index != feature->takes_index && m->decoder->takes_weight != feature->takes_weight)
        return lac_usage(err, "decoder '%s' and feature decoder '%s' do not fit: one works on %s, the other on %s",
                         decoder, feature->slot.name, m->decoder->takes_index ? "visible patches" : "all patches",
                         feature->takes_index ? "visible patches" : "all patches");
    if (m->mask->form != LAC_MASK_INDEX && !m->decoder->takes_weight)
        return lac_usage(err,
                         "mask '%s' and decoder '%s' do not fit: the decoder needs the same number of visible patches "
                         "in every picture",
                         mask, decoder);
    if (m->mask->form != LAC_MASK_INDEX)
        return lac_usage(err,
                         "mask '%s' and encoder '%s' do not fit: the encoder needs the same number of visible "
                         "patches in every picture",
                         mask, encoder);
    return lac_usage(err, "encoder '%s' and decoder '%s' do not fit: one works on %s, the other on %s", encoder,
                     decoder, m->encoder->takes_index ? "visible patches" : "all patches",
                     m->decoder->takes_index ? "visible patches" : "all patches");
}

/* V, checked at both ends of a schedule. Where V is a dimension of the step it cannot change. */
static lac_status count_visible(lac_method *m, lac_error *err) {
    bool changes = false;
    for (int i = 0; i < m->mask_settings->n; i++) {
        if (!lac_setting_changes(&m->mask_settings->at[i])) continue;
        if (m->is_index)
            return lac_usage(err,
                             "mask.%s: expected one number, found a schedule: the encoder sees the visible patches "
                             "alone, and their number is settled before the first step",
                             m->mask_settings->at[i].spec->key);
        changes = true;
    }
    m->has_fixed_count = m->mask->form == LAC_MASK_INDEX && !changes;
    m->n_shown = m->grid.n;
    if (!m->mask->visible) return LAC_OK;
    for (int end = changes ? 1 : 0; end >= 0; end--) {
        lac_method_at(m, end);
        LAC_TRY(m->mask->visible(m->mask_settings, &m->grid, &m->n_shown, err));
    }
    return LAC_OK;
}

static lac_status fit_small_views(lac_method *m, const int64_t *patch, lac_error *err) {
    if (m->n_small == 0) return LAC_OK;
    const lac_setting *size = lac_settings_get(m->views_settings, m->views->small_size);
    int64_t sides[LAC_MAX_AXES] = {0};
    if (m->grid.n_axes != 2)
        return lac_usage(err, "views '%s' are of pictures, found %d axes", m->views->slot.name, m->grid.n_axes);
    for (int a = 0; a < m->grid.n_axes; a++)
        sides[a] = (int64_t)size->number[size->count > 1 ? a : 0];
    if (lac_grid_make(m->grid.n_axes, sides, patch, m->grid.channels, &m->small_grid, err) != LAC_OK)
        return lac_context(err, "views.%s", m->views->small_size);
    if (!m->encoder->declare_other)
        return lac_usage(err, "encoder '%s' and views '%s' do not fit: it encodes pictures of one size",
                         m->encoder->slot.name, m->views->slot.name);
    return LAC_OK;
}

static lac_status fit_slots(lac_method *m, lac_error *err) {
    const lac_recipe *r = m->recipe;
    double size[LAC_MAX_AXES];
    int n_axes = lac_recipe_list(r, "picture.size", size, LAC_MAX_AXES);
    int64_t picture[LAC_MAX_AXES] = {0}, patch[LAC_MAX_AXES] = {0};
    for (int a = 0; a < n_axes; a++)
        picture[a] = (int64_t)size[a];
    m->encoder->patch(m->encoder_settings, n_axes, patch);
    if (lac_grid_make(n_axes, picture, patch, lac_recipe_int(r, "picture.channels"), &m->grid, err) != LAC_OK)
        return lac_context(err, "picture.size");
    LAC_TRY(fit_small_views(m, patch, err));
    LAC_TRY(m->encoder->shape(m->encoder_settings, &m->grid, &m->encoder_shape, err));
    if (m->mask->count && m->encoder_shape.n_prefix < 1)
        return lac_usage(err, "mask '%s' goes by the attention of the class token, and the encoder has none",
                         m->mask->slot.name);
    LAC_TRY(count_visible(m, err));
    m->n_visible = m->is_index ? m->n_shown : m->grid.n;
    lac_method_fit_lists(m);
    m->target_context =
        (lac_target_context){.grid = &m->grid, .width = m->encoder_shape.width, .n_prefix = m->encoder_shape.n_prefix};
    if (m->target->teacher_layers) m->n_teacher_layers = m->target->teacher_layers(m->target_settings);
    if (m->n_teacher_layers > m->encoder_shape.depth)
        return lac_usage(err, "target.layers: %d of an encoder of %lld", m->n_teacher_layers,
                         (long long)m->encoder_shape.depth);
    m->target_context.n_teacher = m->n_teacher_layers;
    LAC_TRY(lac_method_fit_tokenizer(m, err));
    if ((m->pool == LAC_POOL_CLASS || m->pool == LAC_POOL_TOKENS) && m->encoder_shape.n_prefix < 1)
        return lac_usage(err, "model.projector.pool: %s: the encoder has no class token",
                         m->pool == LAC_POOL_CLASS ? "class" : "tokens");
    m->decoder_context =
        (lac_decoder_context){.grid = &m->grid,
                              .encoder = m->encoder_shape,
                              .n_visible = m->n_visible,
                              .n_blocks = m->bounds.n_blocks,
                              .n_in_block = m->bounds.n_in_block,
                              .target_values = m->target->values(m->target_settings, &m->target_context)};
    m->feature_context = m->decoder_context;
    m->feature_context.target_values = m->encoder_shape.width;
    if (m->feature_decoder->build &&
        m->feature_decoder->shape(m->feature_settings, &m->feature_context, &m->feature_shape, err) != LAC_OK)
        return lac_context(err, "model.feature_decoder");
    if (m->quantizer->build) { /* what is decoded are codes, of patches alone */
        m->decoder_context.encoder.width = m->quantizer->width(m->quantizer_settings);
        m->decoder_context.encoder.n_prefix = 0;
    }
    return m->decoder->shape(m->decoder_settings, &m->decoder_context, &m->decoder_shape, err);
}

/* A teacher's copies of the trained entries from `first` on: "teacher/NAME". */
static lac_status declare_copies(lac_method *m, int first, lac_error *err) {
    int n = lac_store_count(m->store);
    int *copies = lac_arena_alloc(m->arena, (size_t)(n + 1) * sizeof *copies);
    int *copied = lac_arena_alloc(m->arena, (size_t)(n + 1) * sizeof *copied);
    if (!copies || !copied) return lac_no_memory(err, "a teacher");
    for (int i = 0; i < m->n_copies; i++) {
        copies[i] = m->copies[i];
        copied[i] = m->copied[i];
    }
    m->copies = copies;
    m->copied = copied;
    for (int i = first; i < n; i++) {
        const lac_entry *entry = lac_store_at(m->store, i);
        if (entry->flags & LAC_PARAM_BUFFER) continue;
        char *name = lac_arena_format(m->arena, LAC_TEACHER_SCOPE "%s", entry->name);
        if (!name) return lac_no_memory(err, "a teacher");
        copied[m->n_copies] = i;
        LAC_TRY(lac_store_add_copy(m->store, name, i, &copies[m->n_copies], err));
        m->n_copies++;
    }
    return LAC_OK;
}

void lac_method_step_teacher(lac_method *m, const lac_backend *backend, lac_pool *pool) {
    if (m->n_copies == 0) return;
    double decay = lac_settings_real(m->teacher_settings, "decay");
    for (int i = 0; i < m->n_copies; i++) {
        const lac_entry *teacher = lac_store_at(m->store, m->copies[i]);
        const lac_entry *student = lac_store_at(m->store, m->copied[i]);
        backend->ema(pool, decay, (size_t)teacher->n, teacher->value, student->value);
    }
}

/* What terms keep of the teacher's projections, and what of the projector learns later than the rest. */
static lac_status declare_states(lac_method *m, lac_error *err) {
    int64_t width = m->projector->width(m->projector_settings, m->encoder_shape.width);
    for (int i = 0; i < m->n_terms; i++)
        if (m->terms[i].slot->declare)
            LAC_TRY(m->terms[i].slot->declare(m->terms[i].settings, m->terms[i].name, width, m->store, err));
    if (!m->projector->held) return LAC_OK;
    char name[96];
    snprintf(name, sizeof name, "projector.%s", m->projector->held(m->projector_settings, &m->held_share));
    m->held = lac_store_find(m->store, name);
    return LAC_OK;
}

bool lac_method_holds(const lac_method *m, int entry, double share) {
    return entry == m->held && share < m->held_share;
}

static lac_status declare_weights(lac_method *m, lac_dtype real, lac_error *err) {
    LAC_TRY(lac_store_new(real, &m->store, err));
    LAC_TRY(m->encoder->declare(m->encoder_settings, &m->grid, m->store, err));
    if (m->n_small > 0)
        LAC_TRY(m->encoder->declare_other(m->encoder_settings, &m->grid, &m->small_grid, m->store, err));
    if (m->teacher->is_copy) LAC_TRY(declare_copies(m, 0, err));
    if (!m->is_index && !m->mask->corrupt && !m->mask->hides_nothing && m->encoder->declare_mask)
        LAC_TRY(m->encoder->declare_mask(m->encoder_settings, &m->grid, m->store, err));
    if (m->projector->build) {
        int64_t width = m->encoder_shape.width, out = m->projector->width(m->projector_settings, width);
        int first = lac_store_count(m->store);
        LAC_TRY(m->projector->declare(m->projector_settings, "projector", width, m->store, err));
        if (m->teacher->is_copy) LAC_TRY(declare_copies(m, first, err));
        if (m->predictor->build) {
            LAC_TRY(m->predictor->declare(m->predictor_settings, "predictor", out, m->store, err));
            if (m->predictor->width(m->predictor_settings, out) != out)
                return lac_usage(err, "model.predictor.out: expected the projector's %lld, found %lld", (long long)out,
                                 (long long)m->predictor->width(m->predictor_settings, out));
        }
    }
    LAC_TRY(declare_states(m, err));
    if (m->feature_decoder->build) {
        lac_store_set_prefix(m->store, LAC_FEATURE_SCOPE);
        lac_status status = m->feature_decoder->declare(m->feature_settings, &m->feature_context, m->store, err);
        lac_store_set_prefix(m->store, NULL);
        LAC_TRY(status);
    }
    if (m->quantizer->build)
        LAC_TRY(m->quantizer->declare(m->quantizer_settings, m->encoder_shape.width, m->store, err));
    if (m->decoder->build) LAC_TRY(m->decoder->declare(m->decoder_settings, &m->decoder_context, m->store, err));
    return lac_method_declare_tokenizer(m, err);
}

lac_status lac_method_new(const lac_recipe *recipe, lac_dtype real, lac_method **method, lac_error *err) {
    *method = NULL;
    lac_method *m = lac_zalloc(sizeof *m);
    if (!m) return lac_no_memory(err, "a method");
    m->recipe = recipe;
    m->arena = lac_arena_new();
    lac_status status = m->arena ? find_slots(m, err) : lac_no_memory(err, "a method");
    if (status == LAC_OK) status = lac_method_check(m, err);
    if (status == LAC_OK) status = choose_form(m, err);
    if (status == LAC_OK) status = fit_slots(m, err);
    if (status != LAC_OK) lac_context(err, "recipe %s", lac_recipe_name(recipe));
    if (status == LAC_OK) status = declare_weights(m, real, err);
    if (status != LAC_OK) {
        lac_method_free(m);
        return status;
    }
    *method = m;
    return LAC_OK;
}

void lac_method_free(lac_method *method) {
    if (!method) return;
    lac_store_free(method->store);
    lac_arena_free(method->arena);
    lac_free(method);
}

lac_store *lac_method_store(const lac_method *method) {
    return method->store;
}

const lac_recipe *lac_method_recipe(const lac_method *method) {
    return method->recipe;
}

lac_method_sizes lac_method_describe(const lac_method *m) {
    lac_method_sizes sizes = {.is_index = m->is_index,
                              .n_patches = m->grid.n,
                              .n_visible = m->n_visible,
                              .patch_values = m->grid.patch_values,
                              .width = m->encoder_shape.width,
                              .depth = m->encoder_shape.depth,
                              .n_prefix = m->encoder_shape.n_prefix,
                              .n_blocks = m->bounds.n_blocks,
                              .n_in_block = m->bounds.n_in_block,
                              .n_large = m->n_large,
                              .n_small = m->n_small,
                              .n_axes = m->grid.n_axes,
                              .channels = m->grid.channels};
    for (int a = 0; a < m->grid.n_axes; a++) {
        sizes.picture[a] = m->grid.picture[a];
        sizes.patch[a] = m->grid.patch[a];
        sizes.grid[a] = m->grid.size[a];
        sizes.small[a] = m->n_small > 0 ? m->small_grid.picture[a] : 0;
    }
    return sizes;
}

bool lac_method_is_per_sample(const lac_method *method) {
    for (int i = 0; i < method->n_terms; i++)
        if (!method->terms[i].slot->is_per_sample) return false;
    return true;
}

int lac_method_views(const lac_method *method) {
    return method->views->has_second ? 2 : method->n_large + method->n_small;
}

int lac_method_terms(const lac_method *method) {
    return method->n_terms;
}

const char *lac_method_term(const lac_method *method, int index) {
    return method->terms[index].name;
}

int lac_method_picture_dims(const lac_grid *grid, int64_t batch, int64_t dim[LAC_MAX_RANK]) {
    dim[0] = batch;
    dim[1] = grid->channels;
    for (int a = 0; a < grid->n_axes; a++)
        dim[2 + a] = grid->picture[a];
    return 2 + grid->n_axes;
}

lac_augment lac_method_augment(const lac_method *m) {
    const lac_recipe *r = m->recipe;
    const char *crop = lac_recipe_text(r, "augment.crop");
    lac_augment a = {.width = (int)m->grid.picture[m->grid.n_axes - 1],
                     .height = (int)m->grid.picture[m->grid.n_axes - 2],
                     .channels = (int)m->grid.channels,
                     .crop = strcmp(crop, "random") == 0   ? LAC_CROP_RANDOM
                             : strcmp(crop, "centre") == 0 ? LAC_CROP_CENTRE
                                                           : LAC_CROP_SQUASH,
                     .crop_share = lac_recipe_real(r, "augment.crop_share"),
                     .filter = strcmp(lac_recipe_text(r, "augment.filter"), "bilinear") == 0 ? LAC_FILTER_BILINEAR
                                                                                             : LAC_FILTER_BICUBIC,
                     .flip = lac_recipe_real(r, "augment.flip")};
    a.n_views = 1;
    if (m->views->augment) m->views->augment(m->views_settings, &a);
    lac_recipe_list(r, "augment.scale", a.scale, 2);
    lac_recipe_list(r, "augment.ratio", a.ratio, 2);
    double mean[3] = {0}, std[3] = {1, 1, 1};
    lac_recipe_list(r, "picture.mean", mean, 3);
    lac_recipe_list(r, "picture.std", std, 3);
    for (int c = 0; c < 3; c++) {
        a.mean[c] = (float)mean[c];
        a.std[c] = (float)std[c];
    }
    return a;
}

/* Bytes that one sample's activations take until its backward, estimated: a block keeps about 8 token-wide rows (norms,
 * qkv, attention, two residual sums) and two MLP-wide ones. */
static double sample_bytes(const lac_encoder_shape *shape, int64_t tokens) {
    return 4.0 * (double)tokens * (double)shape->depth * (8.0 * (double)shape->width + 2.0 * (double)shape->mlp_width);
}

static double parameter_bytes(const lac_method *m) {
    int64_t n = 0;
    for (int i = 0; i < lac_store_count(m->store); i++) {
        const lac_entry *entry = lac_store_at(m->store, i);
        if (!(entry->flags & LAC_PARAM_BUFFER)) n += entry->n;
    }
    return 4.0 * (double)n;
}

/* Bytes of activations that are still in or near the cache when backward reads them. */
static const double near_cache = 144e6;

/* Where the weights alone outgrow the caches, so do the activations of any part that is worth their packing. */
bool lac_method_recomputes(const lac_method *m) {
    return parameter_bytes(m) > near_cache;
}

/* The largest divisor of the batch whose activations stay near the cache - or, where that is out of reach, take no more
 * room than the weights, of which they keep 5 parts of 8 - so that memory does not grow with the batch; but at least so
 * many pictures that a matrix product has 192 rows, below which it is not worth its packing. */
int64_t lac_method_micro_batch(const lac_method *m, int64_t batch) {
    if (!lac_method_is_per_sample(m)) return batch;
    int64_t given = lac_recipe_int(m->recipe, "train.micro_batch");
    int64_t encoder_tokens = m->encoder_shape.n_prefix + m->n_visible;
    int64_t decoded = m->decoder_shape.n_tokens > 0 ? m->decoder_shape.n_tokens : m->decoder_shape.n_prefix + m->grid.n;
    double bytes = sample_bytes(&m->encoder_shape, encoder_tokens) + sample_bytes(&m->decoder_shape, decoded) +
                   sample_bytes(&m->feature_shape, m->feature_shape.n_prefix + m->grid.n);
    bytes *= m->n_large;
    encoder_tokens *= m->n_large;
    bytes += m->n_small * sample_bytes(&m->encoder_shape, m->encoder_shape.n_prefix + m->small_grid.n);
    double most = lac_method_recomputes(m) ? parameter_bytes(m) / 0.625 : near_cache;
    int64_t best = 1;
    for (int64_t size = 1; size <= batch; size++) {
        if (batch % size != 0) continue;
        bool is_small = (double)size * bytes <= most, has_few_rows = best * encoder_tokens < 192;
        if (given > 0 ? size <= given : is_small || has_few_rows) best = size;
    }
    return best;
}
