/* tests/io/safetensors_test.c - files of the reference implementation read and are reproduced byte for byte; everything
 * that is not exactly such a file is refused in one line. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/damage.h"
#include "io/npy.h"
#include "io/safetensors.h"

#define REFERENCE LACUNA_TESTS "/reference/io/"
#define SMALL REFERENCE "small.safetensors"
#define STRANGE                                                                                                        \
    "gr\xC3\xB6\xC3\x9F"                                                                                               \
    "e \"q\" \\ \n\x01 \xF0\x9F\x98\x80"

static lac_error err;

static lac_safetensors *open_small(void) {
    lac_safetensors *file;
    if (lac_safetensors_open(SMALL, &file, &err) != LAC_OK) fail_msg("%s", err.text);
    return file;
}

static void test_the_reference_implementations_file_reads(void **state) {
    (void)state;
    lac_safetensors *file = open_small();
    assert_int_equal(lac_safetensors_count(file), 11);
    assert_string_equal(lac_safetensors_metadata(file, "format"), "pt");
    assert_null(lac_safetensors_metadata(file, "absent"));
    assert_null(lac_safetensors_find(file, "absent"));
    assert_null(lac_safetensors_at(file, 11));
    assert_null(lac_safetensors_at(file, -1));

    const lac_safetensor *t = lac_safetensors_find(file, "encoder.weight");
    float f32[24];
    assert_int_equal(t->rank, 3);
    assert_true(t->dim[0] == 2 && t->dim[1] == 3 && t->dim[2] == 4);
    assert_int_equal(lac_safetensor_f32(file, t, f32, 24, &err), LAC_OK);
    for (int i = 0; i < 24; i++)
        assert_true(f32[i] == (float)i * 0.5f - 3);
    t = lac_safetensors_find(file, "f64");
    assert_int_equal(lac_safetensor_f32(file, t, f32, 6, &err), LAC_OK);
    for (int i = 0; i < 6; i++)
        assert_true(f32[i] == (float)i * 0.5f - 3);
    t = lac_safetensors_find(file, "scalar");
    assert_int_equal(t->rank, 0);
    assert_int_equal(lac_safetensor_f32(file, t, f32, 1, &err), LAC_OK);
    assert_true(f32[0] == 1.5f);
    t = lac_safetensors_find(file, "empty");
    assert_true(t->rank == 2 && t->dim[0] == 0 && t->dim[1] == 7 && t->bytes == 0);
    assert_int_equal(lac_safetensor_f32(file, t, NULL, 0, &err), LAC_OK);
    t = lac_safetensors_find(file, STRANGE);
    assert_non_null(t);
    assert_int_equal(lac_safetensor_f32(file, t, f32, 1, &err), LAC_OK);
    assert_true(f32[0] == 7);
    int32_t i32[4];
    assert_int_equal(lac_safetensor_i32(file, lac_safetensors_find(file, "i32"), i32, 3, &err), LAC_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(i32[i], i - 1);
    t = lac_safetensors_find(file, "u8");
    assert_string_equal(t->dtype, "U8");
    for (int i = 0; i < 5; i++)
        assert_int_equal(((const uint8_t *)t->data)[i], i);
    lac_safetensors_close(file);
    lac_safetensors_close(NULL);
}

static void compare_halves(const char *name, const char *expected_path) {
    lac_safetensors *file = open_small();
    int rank;
    int64_t dim[8];
    float *expected, got[16];
    assert_int_equal(lac_npy_read_f32(expected_path, &rank, dim, &expected, &err), LAC_OK);
    assert_int_equal(lac_safetensor_f32(file, lac_safetensors_find(file, name), got, dim[0], &err), LAC_OK);
    assert_memory_equal(got, expected, (size_t)dim[0] * sizeof *got);
    lac_free(expected);
    lac_safetensors_close(file);
}

static void test_half_precision_converts_as_torch_does(void **state) {
    (void)state;
    compare_halves("f16", REFERENCE "f16_as_f32.npy");
    compare_halves("bf16", REFERENCE "bf16_as_f32.npy");
}

static void test_copies_check_type_size_and_range(void **state) {
    (void)state;
    lac_safetensors *file = open_small();
    float f32[8];
    int32_t i32[8];
    assert_int_equal(lac_safetensor_f32(file, lac_safetensors_find(file, "i64"), f32, 4, &err), LAC_FAILURE);
    assert_says(err, "small.safetensors: tensor \"i64\": expected F32, F64, F16 or BF16, found I64");
    assert_int_equal(lac_safetensor_i32(file, lac_safetensors_find(file, "f64"), i32, 6, &err), LAC_FAILURE);
    assert_says(err, "expected I32 or I64, found F64");
    assert_int_equal(lac_safetensor_f32(file, lac_safetensors_find(file, "f64"), f32, 5, &err), LAC_FAILURE);
    assert_says(err, "tensor \"f64\": expected 5 numbers, found 6");
    assert_int_equal(lac_safetensor_i32(file, lac_safetensors_find(file, "i64"), i32, 4, &err), LAC_FAILURE);
    assert_says(err, "item 3 is 3000000016, expected 32 bits");
    lac_safetensors_close(file);
}

/* Declared and given in the order of the file, every tensor comes out in the same bytes: what we write is what the
 * reference implementation writes, names and escapes included. */
static void test_what_is_written_equals_the_reference_implementations_bytes(void **state) {
    (void)state;
    lac_safetensors *file = open_small();
    lac_safetensors_writer *w;
    const char *path = scratch("copy.safetensors");
    assert_int_equal(lac_safetensors_create(path, &w, &err), LAC_OK);
    assert_int_equal(lac_safetensors_meta(w, "format", "pt", &err), LAC_OK);
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const lac_safetensor *t = lac_safetensors_at(file, i);
        assert_int_equal(lac_safetensors_declare(w, t->name, t->dtype, t->rank, t->dim, &err), LAC_OK);
    }
    for (int i = 0; i < lac_safetensors_count(file); i++) { /* in two parts */
        const lac_safetensor *t = lac_safetensors_at(file, i);
        uint64_t first = t->bytes / 3;
        assert_int_equal(lac_safetensors_put(w, t->data, first, &err), LAC_OK);
        assert_int_equal(lac_safetensors_put(w, (const char *)t->data + first, t->bytes - first, &err), LAC_OK);
    }
    assert_int_equal(lac_safetensors_commit(w, &err), LAC_OK);
    char *expected, *got;
    size_t n_expected, n_got;
    assert_int_equal(lac_file_read(SMALL, 1 << 20, &expected, &n_expected, &err), LAC_OK);
    assert_int_equal(lac_file_read(path, 1 << 20, &got, &n_got, &err), LAC_OK);
    assert_int_equal(n_got, n_expected);
    assert_memory_equal(got, expected, n_got);
    lac_free(expected);
    lac_free(got);
    lac_safetensors_close(file);
}

/* A header and `bytes` of zeros after it. */
static const char *craft(const char *header, size_t bytes) {
    char data[4096] = {0};
    uint64_t n = strlen(header);
    assert_true(8 + n + bytes <= sizeof data);
    memcpy(data, &n, 8);
    memcpy(data + 8, header, n);
    return put_file("crafted.safetensors", data, 8 + n + bytes);
}

static void refuse(const char *header, size_t bytes, const char *fragment) {
    lac_safetensors *file = NULL;
    const char *path = craft(header, bytes);
    lac_status status = lac_safetensors_open(path, &file, &err);
    if (status != LAC_FAILURE) fail_msg("accepted: %s", header);
    assert_null(file);
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    assert_says(err, fragment);
}

static void accept(const char *header, size_t bytes) {
    lac_safetensors *file = NULL;
    if (lac_safetensors_open(craft(header, bytes), &file, &err) != LAC_OK) fail_msg("%s: %s", header, err.text);
    lac_safetensors_close(file);
}

#define T(name, dtype, shape, begin, end)                                                                              \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void test_legal_headers_are_accepted(void **state) {
    (void)state;
    accept("{}", 0);
    accept("{}   \n", 0);
    accept("{\"__metadata__\":{}}", 0);
    accept("{ \"__metadata__\" : { \"a\" : \"b\" , \"c\":\"\" } , " T("x", "U8", "[ 3 ]", "0", "3") " }", 3);
    accept("{" T("b", "F32", "[]", "4", "8") "," T("a", "F32", "[1]", "0", "4") "}", 8); /* any order in the header */
    accept(
        "{" T("e", "F32", "[0]", "4", "4") "," T("a", "F32", "[1]", "0", "4") "," T("z", "I8", "[9,0]", "0", "0") "}",
        4);
    accept("{" T("f4", "F4", "[3,2]", "0", "3") "," T("f6", "F6_E2M3", "[4]", "3", "6") "}", 6);
    accept("{" T("", "BOOL", "[1]", "0", "1") "}", 1);
    accept("{\"x\":{\"data_offsets\":[0,1],\"shape\":[1],\"dtype\":\"U8\"}}", 1);
    accept("{" T("x", "U8", "[1,1,1,1,1,1,1,1]", "0", "1") "}", 1);
    accept("{" T("\\ud83d\\ude00\\/\\b", "U8", "[1]", "0", "1") "}", 1);
    accept("{" T("e", "F64", "[9223372036854775807,0]", "0", "0") "}", 0) /* none of it exists */;
}

static void test_hostile_headers_are_refused_in_one_line(void **state) {
    (void)state;
    /* grammar */
    refuse("", 0, "expected '{'");
    refuse(" {}", 0, "header byte 0: expected '{', found byte 0x20");
    refuse("[]", 0, "expected '{', found '['");
    refuse("{", 0, "header ends at byte 1, expected '\"'");
    refuse("{}x", 0, "expected the end of the header, found 'x'");
    refuse("{}{}", 0, "expected the end of the header");
    refuse("{,}", 0, "expected '\"', found ','");
    refuse("{" T("x", "U8", "[1]", "0", "1") ",}", 1, "expected '\"', found '}'");
    refuse("{\"x\":1}", 0, "expected '{', found '1'");
    refuse("{\"x\":{\"dtype\":\"U8\"", 0, "expected ',' or '}'");
    refuse("{\"x", 0, "header ends");
    refuse("{\"x\\", 0, "header ends");
    refuse("{\"x\\\"", 0, "header ends");
    refuse("{\"a\nb\":{}}", 0, "expected no control character in a string");
    refuse("{\"\\x\":{}}", 0, "expected an escape, found 'x'");
    refuse("{\"\\u12g4\":{}}", 0, "expected a hexadecimal digit, found 'g'");
    refuse("{\"\\u0000\":{}}", 0, "expected no NUL in a string");
    refuse("{\"\\ud800\":{}}", 0, "expected a low surrogate");
    refuse("{\"\\ud800\\u0041\":{}}", 0, "expected a low surrogate");
    refuse("{\"\\udc00\":{}}", 0, "expected a high surrogate");
    refuse("{\"\xFF\":{}}", 0, "expected UTF-8");
    refuse("{\"\xC0\x80\":{}}", 0, "expected UTF-8");
    refuse("{\"\xED\xA0\x80\":{}}", 0, "expected UTF-8");
    refuse("{\"\xF4\x90\x80\x80\":{}}", 0, "expected UTF-8");
    refuse("{\"\xE2\x82\":{}}", 0, "expected UTF-8");
    /* fields */
    refuse("{\"x\":{}}", 0, "tensor \"x\": dtype is missing");
    refuse("{\"x\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", 0, "tensor \"x\": shape is missing");
    refuse("{\"x\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, "tensor \"x\": data_offsets is missing");
    refuse("{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "tensor \"x\": dtype is there twice");
    refuse("{\"x\":{\"stride\":[1]}}", 0, "expected dtype, shape and data_offsets, found \"stride\"");
    refuse("{" T("x", "F99", "[1]", "0", "1") "}", 1, "tensor \"x\": unknown dtype \"F99\"");
    refuse("{" T("x", "f32", "[1]", "0", "4") "}", 4, "unknown dtype \"f32\"");
    refuse("{\"x\":{\"dtype\":8}}", 0, "expected '\"', found '8'");
    refuse("{" T("x", "U8", "[-1]", "0", "1") "}", 1, "expected a whole number from 0 to 2^63 - 1, found '-'");
    refuse("{" T("x", "U8", "[1.0]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[1e0]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[01]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[\"1\"]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[[1]]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[9223372036854775808]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[1,]", "0", "1") "}", 1, "expected a whole number");
    refuse("{" T("x", "U8", "[1,1,1,1,1,1,1,1,1]", "0", "1") "}", 1, "expected at most 8 dimensions");
    refuse("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, "expected ']', found ','");
    refuse("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, "expected ',', found ']'");
    /* sizes */
    refuse("{" T("x", "F32", "[4294967296,4294967296]", "0", "1") "}", 1, "its shape is not a whole number of bytes");
    refuse("{" T("x", "F64", "[2305843009213693952]", "0", "0") "}", 0, "its shape is not a whole number of bytes");
    refuse("{" T("x", "F4", "[1]", "0", "1") "}", 1, "its shape is not a whole number of bytes");
    refuse("{" T("x", "F32", "[2]", "0", "4") "}", 4, "4 bytes of data, expected 8 from its shape and dtype");
    refuse("{" T("x", "F32", "[1]", "0", "4") "}", 3, "bytes 0 to 4 are not within the 3 bytes of data");
    refuse("{" T("x", "U8", "[1]", "1", "0") "}", 1, "bytes 1 to 0 are not within");
    refuse("{" T("x", "U8", "[1]", "9223372036854775806", "9223372036854775807") "}", 1, "are not within the 1 bytes");
    refuse("{" T("a", "U8", "[1]", "0", "1") "," T("b", "U8", "[1]", "2", "3") "}", 3,
           "tensor \"b\": data begins at 2, expected 1 (a hole)");
    refuse("{" T("a", "U8", "[2]", "0", "2") "," T("b", "U8", "[2]", "1", "3") "}", 3,
           "tensor \"b\": data begins at 1, expected 2 (an overlap)");
    refuse("{" T("a", "U8", "[2]", "0", "2") "," T("b", "U8", "[2]", "0", "2") "}", 2, "(an overlap)");
    refuse("{" T("a", "U8", "[1]", "1", "2") "}", 2, "data begins at 1, expected 0 (a hole)");
    refuse("{" T("e", "U8", "[0]", "1", "1") "," T("a", "U8", "[2]", "0", "2") "}", 2,
           "tensor \"e\": data begins at 1, expected 2");
    refuse("{" T("a", "U8", "[1]", "0", "1") "}", 2, "2 bytes of data, but the tensors end at 1");
    refuse("{}", 1, "1 bytes of data, but the tensors end at 0");
    /* duplicates and metadata */
    refuse("{" T("a", "U8", "[1]", "0", "1") "," T("a", "U8", "[1]", "1", "2") "}", 2, "tensor \"a\" is there twice");
    refuse("{" T("a", "U8", "[1]", "0", "1") "," T("\\u0061", "U8", "[1]", "1", "2") "}", 2,
           "tensor \"a\" is there twice");
    refuse("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is there twice");
    refuse("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "__metadata__ has \"k\" twice");
    refuse("{\"__metadata__\":{\"k\":1}}", 0, "expected '\"', found '1'");
    refuse("{\"__metadata__\":{\"k\":null}}", 0, "expected '\"', found 'n'");
    refuse("{\"__metadata__\":{\"k\":{\"deep\":\"1\"}}}", 0, "expected '\"', found '{'");
    refuse("{\"__metadata__\":\"x\"}", 0, "expected '{', found '\"'");
}

static void refuse_bytes(const void *data, size_t bytes, const char *fragment) {
    lac_safetensors *file = NULL;
    assert_int_equal(lac_safetensors_open(put_file("crafted", data, bytes), &file, &err), LAC_FAILURE);
    assert_says(err, fragment);
}

static void test_header_lengths_are_checked_before_use(void **state) {
    (void)state;
    lac_safetensors *file = NULL;
    refuse_bytes("", 0, "the file is empty");
    refuse_bytes("1234567", 7, "7 bytes are too few for a safetensors file");
    refuse_bytes("\0\0\0\0\0\0\0\0", 8, "header ends at byte 0");
    refuse_bytes("\3\0\0\0\0\0\0\0{}", 10, "header of 3 bytes, expected at most 2");
    refuse_bytes("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, "header of 18446744073709551615 bytes, expected at most 2");
    const char *path = scratch("sparse");
    FILE *sparse = fopen(path, "wb"); /* 100000001 = 0x05F5E101 */
    fwrite("\x01\xE1\xF5\x05\0\0\0\0{", 1, 9, sparse);
    fclose(sparse);
    assert_int_equal(truncate(path, 200000000), 0);
    assert_int_equal(lac_safetensors_open(path, &file, &err), LAC_FAILURE);
    assert_says(err, "header of 100000001 bytes, expected at most 100000000");
    unlink(path);
    assert_int_equal(lac_safetensors_open(scratch("absent"), &file, &err), LAC_FAILURE);
    assert_says(err, "absent: cannot open: no such file");
}

static void test_deep_nesting_costs_nothing(void **state) {
    (void)state;
    enum { N = 1000000 };
    uint64_t n = N;
    char *data = lac_alloc(8 + N);
    memcpy(data, &n, 8);
    memset(data + 8, '[', N);
    memcpy(data + 8, "{\"__metadata__\":", 16);
    refuse_bytes(data, 8 + N, "header byte 16: expected '{', found '['");
    memset(data + 8, '{', N);
    refuse_bytes(data, 8 + N, "header byte 1: expected '\"', found '{'");
    lac_free(data);
}

static volatile unsigned sum; /* of every byte, so that every byte is touched */

static lac_status read_all(const char *path, lac_error *error) {
    lac_safetensors *file;
    LAC_TRY(lac_safetensors_open(path, &file, error));
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const lac_safetensor *t = lac_safetensors_at(file, i);
        for (uint64_t j = 0; j < t->bytes; j++)
            sum += ((const uint8_t *)t->data)[j];
        if (!lac_safetensors_find(file, t->name)) abort();
        float f32[64];
        int32_t i32[64];
        int64_t n = 1;
        for (int d = 0; d < t->rank; d++)
            n *= t->dim[d] > 64 ? 65 : t->dim[d];
        if (n <= 64 && lac_safetensor_f32(file, t, f32, n, NULL) != LAC_OK) lac_safetensor_i32(file, t, i32, n, NULL);
    }
    lac_safetensors_close(file);
    return LAC_OK;
}

static void test_damaged_files_never_crash_the_reader(void **state) {
    (void)state;
    assert_true(read_damaged(SMALL, 6000, read_all) > 3000);
}

static lac_status write_some(lac_error *error) {
    lac_safetensors_writer *w;
    const int64_t dim[2] = {4, 3};
    const float data[12] = {0};
    LAC_TRY(lac_safetensors_create(scratch("some.safetensors"), &w, error));
    lac_status status = lac_safetensors_meta(w, "format", "pt", error);
    for (int i = 0; i < 100 && status == LAC_OK; i++) {
        char name[64];
        snprintf(name, sizeof name, "layer.%d.weight", i);
        status = lac_safetensors_declare(w, name, "F32", 2, dim, error);
    }
    for (int i = 0; i < 100 && status == LAC_OK; i++)
        status = lac_safetensors_put(w, data, sizeof data, error);
    if (status == LAC_OK) return lac_safetensors_commit(w, error);
    lac_safetensors_abort(w);
    return status;
}

static lac_status read_some(lac_error *error) {
    return read_all(scratch("some.safetensors"), error);
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    fail_every_allocation(write_some);
    fail_every_allocation(read_some);
}

static void test_the_writer_refuses_what_it_could_not_read_back(void **state) {
    (void)state;
    lac_safetensors_writer *w;
    const char *path = scratch("refused.safetensors");
    const int64_t two = 2, negative = -1, huge[2] = {INT64_MAX, 2};
    int n_files = scratch_count();
    assert_int_equal(lac_safetensors_create(path, &w, &err), LAC_OK);
    assert_int_equal(lac_safetensors_declare(w, "a", "F32", 1, &two, &err), LAC_OK);
    assert_int_equal(lac_safetensors_declare(w, "a", "F32", 1, &two, &err), LAC_USAGE);
    assert_says(err, "refused.safetensors: \"a\" is given twice");
    assert_int_equal(lac_safetensors_declare(w, "b", "F64", 1, &two, &err), LAC_USAGE);
    assert_says(err, "declared after a narrower one");
    assert_int_equal(lac_safetensors_declare(w, "b", "f32", 1, &two, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_declare(w, "b", "F32", 9, &two, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_declare(w, "b", "F32", 1, &negative, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_declare(w, "b", "F32", 2, huge, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_declare(w, "__metadata__", "F32", 1, &two, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_declare(w, "\xFF", "F32", 1, &two, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_meta(w, "a", "fine: keys and tensors are apart", &err), LAC_OK);
    assert_int_equal(lac_safetensors_meta(w, "a", "again", &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_meta(w, "k", "\xC3", &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_put(w, "123456789", 9, &err), LAC_USAGE);
    assert_says(err, "9 bytes of data, expected at most 8");
    assert_int_equal(lac_safetensors_put(w, "1234", 4, &err), LAC_OK);
    assert_int_equal(lac_safetensors_declare(w, "late", "U8", 1, &two, &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_meta(w, "late", "x", &err), LAC_USAGE);
    assert_int_equal(lac_safetensors_commit(w, &err), LAC_USAGE);
    assert_says(err, "4 bytes of data, expected 8");
    assert_false(lac_file_exists(path));
    assert_int_equal(scratch_count(), n_files);
    assert_int_equal(lac_safetensors_create(scratch("none/x.safetensors"), &w, &err), LAC_FAILURE);
    assert_int_equal(lac_safetensors_create(path, &w, &err), LAC_OK); /* a file of nothing is legal */
    assert_int_equal(lac_safetensors_commit(w, &err), LAC_OK);
    assert_int_equal(read_all(path, &err), LAC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_reference_implementations_file_reads),
        cmocka_unit_test(test_half_precision_converts_as_torch_does),
        cmocka_unit_test(test_copies_check_type_size_and_range),
        cmocka_unit_test(test_what_is_written_equals_the_reference_implementations_bytes),
        cmocka_unit_test(test_legal_headers_are_accepted),
        cmocka_unit_test(test_hostile_headers_are_refused_in_one_line),
        cmocka_unit_test(test_header_lengths_are_checked_before_use),
        cmocka_unit_test(test_deep_nesting_costs_nothing),
        cmocka_unit_test(test_damaged_files_never_crash_the_reader),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
        cmocka_unit_test(test_the_writer_refuses_what_it_could_not_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
