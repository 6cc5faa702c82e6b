/* backend/cpu/patches.c - pictures to rows of patches and back, for 1 to 3 spatial axes: one task per sample. */
#include <string.h>

#include "backend/cpu/call.h"
#include "backend/cpu/move.h"

typedef struct patches {
    float *picture, *rows; /* B x C x S..., B x N x P */
    idx channels, size[3], p[3], grid[3];
    bool channel_fastest, to_rows;
} patches;

static void move_line(const patches *g, float *pixel, float *value, idx step) {
    if (step == 1) {
        size_t bytes = (size_t)g->p[2] * sizeof *pixel;
        if (g->to_rows)
            memcpy(value, pixel, bytes);
        else
            memcpy(pixel, value, bytes);
    } else {
        for (idx i = 0; i < g->p[2]; i++)
            if (g->to_rows)
                value[i * step] = pixel[i];
            else
                pixel[i] = value[i * step];
    }
}

static void patches_task(void *context, size_t task, int worker) {
    const patches *g = context;
    (void)worker;
    idx volume = g->p[0] * g->p[1] * g->p[2], line = g->channel_fastest ? g->channels : 1;
    float *row = g->rows + (idx)task * g->grid[0] * g->grid[1] * g->grid[2] * volume * g->channels;
    for (idx a = 0; a < g->grid[0]; a++)
        for (idx b = 0; b < g->grid[1]; b++)
            for (idx c = 0; c < g->grid[2]; c++, row += volume * g->channels)
                for (idx channel = 0; channel < g->channels; channel++)
                    for (idx i = 0; i < g->p[0]; i++)
                        for (idx j = 0; j < g->p[1]; j++) {
                            idx plane = ((idx)task * g->channels + channel) * g->size[0] + a * g->p[0] + i;
                            float *pixel =
                                g->picture + (plane * g->size[1] + b * g->p[1] + j) * g->size[2] + c * g->p[2];
                            idx inside = (i * g->p[1] + j) * g->p[2];
                            move_line(g, pixel,
                                      row + (g->channel_fastest ? inside * line + channel : channel * volume + inside),
                                      line);
                        }
}

static void run(const lac_call *call, const lac_view *picture, const lac_view *rows, bool to_rows) {
    patches g = {.picture = picture->data, .rows = rows->data, .to_rows = to_rows};
    int missing = 5 - picture->rank; /* axes before the first one have size 1 */
    g.channels = (idx)picture->dim[1];
    g.channel_fastest = call->attr.i[3] != 0;
    for (int axis = 0; axis < 3; axis++) {
        g.size[axis] = axis < missing ? 1 : (idx)picture->dim[axis - missing + 2];
        g.p[axis] = axis < missing ? 1 : (idx)call->attr.i[axis - missing];
        g.grid[axis] = g.size[axis] / g.p[axis];
    }
    lac_parallel(call->pool, (size_t)picture->dim[0], patches_task, &g);
}

void lac_move_patchify(const lac_call *call) {
    run(call, &call->in[0], &call->out[0], true);
}

void lac_move_unpatchify(const lac_call *call) {
    run(call, &call->out[0], &call->in[0], false);
}
