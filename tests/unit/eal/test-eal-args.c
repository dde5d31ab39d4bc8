/* SPDX-License-Identifier: Apache-2.0
 *
 * test-eal-args.c: the EAL's words for every dpdk-* key, alone and against
 * each other.
 */
#include <config.h>
#include "eal/eal-args.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util.h"

#define IGNORED "Ignoring database defined option '"
#define BY_EXTRA "' due to dpdk-extra config|"
#define INVALID(KEY, VALUE) \
    IGNORED KEY "' due to invalid value '" VALUE "'|"
#define QUIET " -a 0000:00:00.0 --in-memory"

static void
test_build(void **state OVS_UNUSED)
{
    static const struct {
        const char *config[7];      /* key, value, ... */
        const char *args;           /* behind "prog " */
        const char *warnings;       /* each followed by '|' */
    } cases[] = {
        { { NULL }, "--lcores 0@3" QUIET, "" },
        { { "dpdk-init", "true", "pmd-cpu-mask", "2" },
          "--lcores 0@3" QUIET, "" },

        /* Cores. */
        { { "dpdk-lcore-mask", "0xca" },
          "--lcores 0@1,1@3,2@6,3@7" QUIET, "" },
        { { "dpdk-lcore-mask", "1" }, "--lcores 0@0" QUIET, "" },
        { { "dpdk-lcore-mask", "0x0" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-lcore-mask", "0x0") },
        { { "dpdk-lcore-mask", "zz" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-lcore-mask", "zz") },
        { { "dpdk-lcore-mask", "" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-lcore-mask", "") },
        { { "dpdk-lcore-mask", "0xca", "dpdk-extra", "-c 0x1" },
          "-c 0x1" QUIET, IGNORED "dpdk-lcore-mask" BY_EXTRA },
        { { "dpdk-lcore-mask", "0xca", "dpdk-extra", "-c0x1" },
          "-c0x1" QUIET, IGNORED "dpdk-lcore-mask" BY_EXTRA },
        { { "dpdk-lcore-mask", "0xca", "dpdk-extra", "-l 1" },
          "-l 1" QUIET, IGNORED "dpdk-lcore-mask" BY_EXTRA },
        { { "dpdk-lcore-mask", "0xca", "dpdk-extra", "--lcores=1@1" },
          "--lcores=1@1" QUIET, IGNORED "dpdk-lcore-mask" BY_EXTRA },
        { { "dpdk-extra", "-l 1" }, "-l 1" QUIET, "" },

        /* Memory. */
        { { "dpdk-hugepage-dir", "/mnt/huge" },
          "--huge-dir /mnt/huge --lcores 0@3" QUIET, "" },
        { { "dpdk-hugepage-dir", "/mnt/huge", "dpdk-extra",
            "--huge-dir /x" },
          "--huge-dir /x --lcores 0@3" QUIET,
          IGNORED "dpdk-hugepage-dir" BY_EXTRA },
        { { "dpdk-hugepage-dir", "" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-hugepage-dir", "") },
        { { "dpdk-socket-limit", "1024,512" },
          "--socket-limit 1024,512 --lcores 0@3" QUIET, "" },
        { { "dpdk-socket-limit", "1024,x" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-socket-limit", "1024,x") },
        { { "dpdk-alloc-mem", "512" }, "-m 512 --lcores 0@3" QUIET, "" },
        { { "dpdk-alloc-mem", "0" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-alloc-mem", "0") },
        { { "dpdk-alloc-mem", "1G" }, "--lcores 0@3" QUIET,
          INVALID("dpdk-alloc-mem", "1G") },
        { { "dpdk-socket-mem", "0,512" },
          "--socket-mem 0,512 --lcores 0@3" QUIET, "" },
        { { "dpdk-socket-mem", "512," }, "--lcores 0@3" QUIET,
          INVALID("dpdk-socket-mem", "512,") },
        { { "dpdk-alloc-mem", "512", "dpdk-socket-mem", "256" },
          "-m 512 --lcores 0@3" QUIET,
          IGNORED "dpdk-socket-mem' due to dpdk-alloc-mem|" },
        { { "dpdk-alloc-mem", "x", "dpdk-socket-mem", "256" },
          "--socket-mem 256 --lcores 0@3" QUIET,
          INVALID("dpdk-alloc-mem", "x") },
        { { "dpdk-alloc-mem", "512", "dpdk-socket-mem", "256",
            "dpdk-extra", "--socket-mem=64" },
          "--socket-mem=64 --lcores 0@3" QUIET,
          IGNORED "dpdk-alloc-mem" BY_EXTRA
          IGNORED "dpdk-socket-mem" BY_EXTRA },
        { { "dpdk-socket-mem", "256", "dpdk-extra", "-m 64" },
          "-m 64 --lcores 0@3" QUIET,
          IGNORED "dpdk-socket-mem" BY_EXTRA },

        /* --in-memory and what excludes it. */
        { { "dpdk-extra", "--in-memory" },
          "--in-memory --lcores 0@3 -a 0000:00:00.0", "" },
        { { "dpdk-extra", "--no-huge -m 512", "dpdk-socket-mem", "64" },
          "--no-huge -m 512 --lcores 0@3 -a 0000:00:00.0",
          IGNORED "dpdk-socket-mem" BY_EXTRA },
        { { "dpdk-extra", "--no-huge", "dpdk-alloc-mem", "512" },
          "--no-huge -m 512 --lcores 0@3 -a 0000:00:00.0", "" },
        { { "dpdk-extra", "--legacy-mem" },
          "--legacy-mem --lcores 0@3 -a 0000:00:00.0", "" },
        { { "dpdk-extra", "--huge-unlink=never" },
          "--huge-unlink=never --lcores 0@3 -a 0000:00:00.0", "" },
        { { "dpdk-extra", "--huge-unlink=always --file-prefix x" },
          "--huge-unlink=always --file-prefix x --lcores 0@3" QUIET, "" },

        /* The PCI bus. */
        { { "dpdk-probe-at-init", "true" },
          "--lcores 0@3 --in-memory", "" },
        { { "dpdk-probe-at-init", "false" }, "--lcores 0@3" QUIET, "" },
        { { "dpdk-extra", "--no-pci" },
          "--no-pci --lcores 0@3 --in-memory", "" },
        { { "dpdk-extra", "-a 0000:01:00.0" },
          "-a 0000:01:00.0 --lcores 0@3 --in-memory", "" },
        { { "dpdk-extra", "--block=0000:01:00.0" },
          "--block=0000:01:00.0 --lcores 0@3 --in-memory", "" },

        /* Words, and words that only look like an option. */
        { { "dpdk-extra", "  --vdev 'net_null0,a b'   --log-level=\"x y\"" },
          "--vdev 'net_null0,a b' '--log-level=x y' --lcores 0@3" QUIET,
          "" },
        { { "dpdk-extra", "--main-lcore 0 --lcores-x" },
          "--main-lcore 0 --lcores-x --lcores 0@3" QUIET, "" },
        { { "dpdk-extra", "" }, "--lcores 0@3" QUIET, "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct smap config = SMAP_INITIALIZER(&config);
        struct svec args = SVEC_EMPTY_INITIALIZER;
        struct svec warnings = SVEC_EMPTY_INITIALIZER;
        char *expected = xasprintf("prog %s", cases[i].args);
        char *line, *texts;

        for (const char *const *c = cases[i].config; *c; c += 2) {
            smap_add(&config, c[0], c[1]);
        }
        eal_args_build(&config, "prog", 3, &args, &warnings);
        line = eal_args_to_string(&args);
        texts = svec_join(&warnings, "|", warnings.n ? "|" : "");
        assert_string_equal(line, expected);
        assert_string_equal(texts, cases[i].warnings);

        free(texts);
        free(line);
        free(expected);
        svec_destroy(&args);
        svec_destroy(&warnings);
        smap_destroy(&config);
    }
}

static void
test_to_string(void **state OVS_UNUSED)
{
    static const char *const words[] = {
        "plain", "--x=a,b@1:2", "", "a b", "it's", "$HOME",
    };
    struct svec args = SVEC_EMPTY_INITIALIZER;
    struct svec again = SVEC_EMPTY_INITIALIZER;
    char *line;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        svec_add(&args, words[i]);
    }
    line = eal_args_to_string(&args);
    assert_string_equal(line,
                        "plain --x=a,b@1:2 '' 'a b' 'it'\\''s' '$HOME'");

    /* dpdk-extra can hold the words of the log. */
    svec_parse_words(&again, line);
    assert_true(svec_equal(&args, &again));
    free(line);
    svec_destroy(&args);
    svec_destroy(&again);
}

static void
test_core_mask(void **state OVS_UNUSED)
{
    static const struct {
        const char *mask;
        int n;
        int cores[4];
    } cases[] = {
        { "0xca", 4, { 1, 3, 6, 7 } },
        { "CA", 4, { 1, 3, 6, 7 } },
        { "0X1", 1, { 0 } },
        { "0001", 1, { 0 } },
        { "0x0", 0, { 0 } },
        { "000", 0, { 0 } },
        { "80000000000000000000000000000001", 2, { 0, 127 } },
        { "0x1000000000000000000000000000000000000000000000000000000000000000"
          "0", 1, { 256 } },
        { "", -EINVAL, { 0 } },
        { "0x", -EINVAL, { 0 } },
        { "0xg", -EINVAL, { 0 } },
        { "-1", -EINVAL, { 0 } },
        { " 1", -EINVAL, { 0 } },
        { "1,2", -EINVAL, { 0 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int *cores;
        int n = eal_parse_core_mask(cases[i].mask, &cores);

        assert_int_equal(n, cases[i].n);
        for (int j = 0; j < n; j++) {
            assert_int_equal(cores[j], cases[i].cores[j]);
        }
        free(cores);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_to_string),
        cmocka_unit_test(test_core_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
