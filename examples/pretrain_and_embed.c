/* Pretrain a small masked autoencoder on a folder of pictures, then print a feature vector for each picture.
 *
 *   cc pretrain_and_embed.c $(pkg-config --cflags --libs lacuna) -o pretrain_and_embed
 *   ./pretrain_and_embed RECIPE SOURCE RUN STEPS        such as: mae-tiny-32 ~/pictures run 500 */
#include <lacuna.h>
#include <stdio.h>
#include <stdlib.h>

static int show(void *context, const lac_train_progress *p) {
    (void)context;
    fprintf(stderr, "\rstep %lld of %lld, loss %.4f ", (long long)p->step, (long long)p->total, p->loss);
    return 0; /* anything else stops and saves */
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s RECIPE SOURCE RUN STEPS\n", argv[0]);
        return 2;
    }
    lac_message message;
    lac_network *network = NULL;
    lac_matrix features = {0};
    lac_train_options options = LAC_TRAIN_OPTIONS;
    options.recipe = argv[1];
    options.data = argv[2];
    options.out = argv[3];
    options.steps = atoll(argv[4]);
    options.progress = show;
    int status = lac_train(&options, &message); /* the same call again resumes */
    if (status == 0) status = lac_network_open(argv[3], 0, &network, &message);
    if (status == 0) status = lac_network_embed(network, argv[2], LAC_FEATURE_MEAN, &features, &message);
    fputc('\n', stderr);
    for (int64_t row = 0; row < features.rows; row++)
        for (int64_t i = 0; i < features.columns; i++)
            printf("%.6g%c", (double)features.values[row * features.columns + i],
                   i + 1 < features.columns ? ' ' : '\n');
    if (status != 0) fprintf(stderr, "%s\n", message.text);
    lac_matrix_free(&features);
    lac_network_close(network);
    return status;
}
