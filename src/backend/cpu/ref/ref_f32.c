/* backend/cpu/ref/ref_f32.c - the reference kernels with real = float; the code is in the .inc files. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "backend/cpu/ref/ref.h"

typedef float real;
#define REF_TABLE lac_ref_f32

#include "backend/cpu/ref/elementwise.inc"
#include "backend/cpu/ref/losses.inc"
#include "backend/cpu/ref/norms.inc"
#include "backend/cpu/ref/products.inc"

#include "backend/cpu/ref/biased.inc"
#include "backend/cpu/ref/similarity.inc"
#include "backend/cpu/ref/spectrum.inc"
#include "backend/cpu/ref/tokens.inc"

#include "backend/cpu/ref/codes.inc"

#include "backend/cpu/ref/table.inc"
