/* tests/io/npy_test.c - numpy's files read, are reproduced byte for byte, and anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/damage.h"
#include "io/npy.h"

#define REFERENCE LACUNA_TESTS "/reference/io/"

static lac_error err;

static void test_numpys_files_read(void **state) {
    (void)state;
    lac_npy a;
    assert_int_equal(lac_npy_read(REFERENCE "f4_2x3.npy", &a, &err), LAC_OK);
    assert_string_equal(a.dtype, "<f4");
    assert_true(a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
    for (int i = 0; i < 6; i++)
        assert_true(((float *)a.data)[i] == (float)i * 0.25f);
    lac_free(a.data);
    assert_int_equal(lac_npy_read(REFERENCE "i8_scalar.npy", &a, &err), LAC_OK);
    assert_true(a.rank == 0 && *(int64_t *)a.data == -((int64_t)1 << 40));
    lac_free(a.data);
    assert_int_equal(lac_npy_read(REFERENCE "u1_empty.npy", &a, &err), LAC_OK);
    assert_true(a.rank == 2 && a.dim[0] == 0 && a.dim[1] == 4);
    lac_free(a.data);
    static const char *const versions[] = {REFERENCE "version2.npy", REFERENCE "version3.npy"};
    for (int v = 0; v < 2; v++) {
        assert_int_equal(lac_npy_read(versions[v], &a, &err), LAC_OK);
        assert_true(a.rank == 1 && a.dim[0] == 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(((int32_t *)a.data)[i], i);
        lac_free(a.data);
    }
    int rank;
    int64_t dim[8];
    float *data;
    assert_int_equal(lac_npy_read_f32(REFERENCE "f8_1d.npy", &rank, dim, &data, &err), LAC_OK);
    assert_true(rank == 1 && dim[0] == 5);
    for (int i = 0; i < 5; i++)
        assert_true(data[i] == (float)((double)i / 3));
    lac_free(data);
    assert_int_equal(lac_npy_read_f32(REFERENCE "version2.npy", &rank, dim, &data, &err), LAC_FAILURE);
    assert_says(err, "version2.npy: dtype: expected <f4 or <f8, found <i4");
}

static void test_what_is_written_equals_numpys_bytes(void **state) {
    (void)state;
    static const char *const paths[] = {REFERENCE "f4_2x3.npy", REFERENCE "f8_1d.npy", REFERENCE "i8_scalar.npy",
                                        REFERENCE "u1_empty.npy"};
    for (int i = 0; i < 4; i++) {
        lac_npy a;
        char *expected, *got;
        size_t n_expected, n_got;
        const char *copy = scratch("copy.npy");
        assert_int_equal(lac_npy_read(paths[i], &a, &err), LAC_OK);
        assert_int_equal(lac_npy_write(copy, a.dtype, a.rank, a.dim, a.data, &err), LAC_OK);
        assert_int_equal(lac_file_read(paths[i], 10000, &expected, &n_expected, &err), LAC_OK);
        assert_int_equal(lac_file_read(copy, 10000, &got, &n_got, &err), LAC_OK);
        assert_int_equal(n_got, n_expected);
        assert_memory_equal(got, expected, n_got);
        lac_free(expected);
        lac_free(got);
        lac_free(a.data);
    }
}

/* Version 1.0 with this header and `bytes` of zeros. */
static void craft(const char *header, size_t bytes) {
    char data[2048] = "\x93NUMPY\1";
    size_t n = strlen(header);
    data[8] = (char)(n & 0xFF);
    data[9] = (char)(n >> 8);
    memcpy(data + 10, header, n);
    put_file("crafted.npy", data, 10 + n + bytes);
}

static void refuse(const char *header, size_t bytes, const char *fragment) {
    lac_npy a;
    craft(header, bytes);
    if (lac_npy_read(scratch("crafted.npy"), &a, &err) != LAC_FAILURE) fail_msg("accepted: %s", header);
    assert_null(a.data);
    assert_says(err, "crafted.npy: ");
    assert_says(err, fragment);
}

#define HEAD(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': " shape "}"

static void test_hostile_headers_are_refused_in_one_line(void **state) {
    (void)state;
    refuse("", 0, "expected '{'");
    refuse("{}", 0, "descr, fortran_order or shape is missing");
    refuse("{'descr': '<f4'", 0, "expected ',' or '}'");
    refuse("{'descr': '<f4', 'descr': '<f4'}", 0, "found \"descr\" twice");
    refuse("{'other': 1}", 0, "found \"other\"");
    refuse("{'a name far longer than any of numpy': 1}", 0, "expected descr, fortran_order or shape");
    refuse("{descr: '<f4'}", 0, "expected descr, fortran_order or shape");
    refuse("{'descr': '<f2', 'fortran_order': False, 'shape': ()}", 2, "found \"<f2\"");
    refuse("{'descr': '<f4\\x00', 'fortran_order': False, 'shape': ()}", 4, "expected one dtype");
    refuse("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 4, "expected True or False");
    refuse(HEAD("3"), 12, "expected a shape in parentheses");
    refuse(HEAD("(3)"), 12, "expected ','");
    refuse(HEAD("(-3,)"), 12, "expected a dimension");
    refuse(HEAD("(3,,)"), 12, "expected a dimension");
    refuse(HEAD("(3, 2"), 24, "expected ')'");
    refuse(HEAD("(99999999999999999999,)"), 0, "expected a dimension below 2^63");
    refuse(HEAD("(1,1,1,1,1,1,1,1,1)"), 4, "expected at most 8 dimensions");
    refuse(HEAD("(4294967296, 4294967296)"), 0, "the shape does not fit");
    refuse(HEAD("(4611686018427387904,)"), 0, "the shape does not fit");
    refuse(HEAD("(1000000000000,)"), 4, "expected 4000000000000 bytes of data, found 4");
    refuse(HEAD("(3,)"), 11, "expected 12 bytes of data, found 11");
    refuse(HEAD("(3,)"), 13, "expected 12 bytes of data, found 13");
    refuse(HEAD("(3,)") " x", 12, "expected the end of the header, found \"x\"");
    lac_npy a;
    static const struct {
        const char *data;
        size_t bytes;
        const char *fragment;
    } files[] = {
        {"", 0, "the file is empty"},
        {"\x93NUMP", 5, "not a .npy file"},
        {"PK\3\4 a zip file", 15, "not a .npy file"},
        {"\x93NUMPY\4\0\2\0{}", 12, "npy version: expected 1.0 to 3.0, found 4.0"},
        {"\x93NUMPY\1\1\2\0{}", 12, "found 1.1"},
        {"\x93NUMPY\1\0\3\0{}", 12, "header of 3 bytes, expected at most 2"},
        {"\x93NUMPY\2\0\xFF\xFF", 10, "the header is cut short"},
        {"\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}", 14, "header of 4294967295 bytes"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(lac_npy_read(put_file("crafted.npy", files[i].data, files[i].bytes), &a, &err), LAC_FAILURE);
        assert_says(err, files[i].fragment);
    }
    assert_int_equal(lac_npy_read(REFERENCE "fortran.npy", &a, &err), LAC_FAILURE);
    assert_says(err, "expected C order, found Fortran order");
    assert_int_equal(lac_npy_read(REFERENCE "big_endian.npy", &a, &err), LAC_FAILURE);
    assert_says(err, "dtype: expected <f4, <f8, <i4, <i8 or |u1, found \">f4\"");
    assert_int_equal(lac_npy_read(REFERENCE "structured.npy", &a, &err), LAC_FAILURE);
    assert_says(err, "expected one dtype");
}

static void test_streaming_checks_the_declared_size(void **state) {
    (void)state;
    lac_npy_writer *w;
    const int64_t dim[2] = {3, 2};
    const int32_t rows[6] = {1, 2, 3, 4, 5, 6};
    const char *path = scratch("stream.npy");
    int n_files = scratch_count();
    assert_int_equal(lac_npy_create(path, "<i4", 2, dim, &w, &err), LAC_OK);
    assert_int_equal(lac_npy_put(w, rows, 16, &err), LAC_OK);
    assert_int_equal(lac_npy_put(w, rows, 16, &err), LAC_USAGE);
    assert_says(err, "16 bytes of data, expected at most 8");
    assert_int_equal(lac_npy_commit(w, &err), LAC_USAGE);
    assert_says(err, "16 bytes of data, expected 24");
    assert_int_equal(scratch_count(), n_files);
    assert_int_equal(lac_npy_create(path, "<i4", 2, dim, &w, &err), LAC_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lac_npy_put(w, rows + 2 * i, 8, &err), LAC_OK);
    assert_int_equal(lac_npy_commit(w, &err), LAC_OK);
    lac_npy a;
    assert_int_equal(lac_npy_read(path, &a, &err), LAC_OK);
    assert_memory_equal(a.data, rows, sizeof rows);
    lac_free(a.data);
    const int64_t bad[1] = {-1};
    assert_int_equal(lac_npy_create(path, "<f2", 2, dim, &w, &err), LAC_USAGE);
    assert_int_equal(lac_npy_create(path, "<i4", 9, dim, &w, &err), LAC_USAGE);
    assert_int_equal(lac_npy_create(path, "<i4", 1, bad, &w, &err), LAC_USAGE);
    lac_npy_abort(NULL);
}

static lac_status read_one(const char *path, lac_error *error) {
    lac_npy a;
    LAC_TRY(lac_npy_read(path, &a, error));
    lac_free(a.data);
    return LAC_OK;
}

static void test_damaged_files_never_crash_the_reader(void **state) {
    (void)state;
    assert_true(read_damaged(REFERENCE "f4_2x3.npy", 4000, read_one) > 2000);
    assert_true(read_damaged(REFERENCE "version2.npy", 2000, read_one) > 1000);
}

static lac_status write_and_read(lac_error *error) {
    const int64_t dim[2] = {3, 2};
    const double numbers[6] = {0};
    int rank;
    int64_t found[8];
    float *data;
    LAC_TRY(lac_npy_write(scratch("some.npy"), "<f8", 2, dim, numbers, error));
    LAC_TRY(lac_npy_read_f32(scratch("some.npy"), &rank, found, &data, error));
    lac_free(data);
    return LAC_OK;
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    fail_every_allocation(write_and_read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpys_files_read),
        cmocka_unit_test(test_what_is_written_equals_numpys_bytes),
        cmocka_unit_test(test_hostile_headers_are_refused_in_one_line),
        cmocka_unit_test(test_streaming_checks_the_declared_size),
        cmocka_unit_test(test_damaged_files_never_crash_the_reader),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
