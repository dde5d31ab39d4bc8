/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-startup.c: settings that wait for a restart.
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util.h"

static void
append_pending(const char *key, const char *running, const char *wanted,
               void *text_)
{
    char **text = text_;
    char *longer = xasprintf("%s%s:%s>%s ", *text, key,
                             running ? running : "-", wanted ? wanted : "-");

    free(*text);
    *text = longer;
}

static void
test_pending_restart(void **state OVS_UNUSED)
{
    struct smap running = SMAP_INITIALIZER(&running);
    struct smap wanted = SMAP_INITIALIZER(&wanted);
    char *text = xstrdup("");

    for (size_t i = 1; cfg_startup_keys[i]; i++) {
        assert_true(strcmp(cfg_startup_keys[i - 1], cfg_startup_keys[i]) < 0);
    }

    smap_add(&running, "dpdk-init", "true");
    smap_add(&running, "dpdk-socket-mem", "1024");
    smap_add(&running, "dpdk-extra", "--no-pci");
    smap_add(&running, "pmd-cpu-mask", "2");
    smap_add(&wanted, "dpdk-init", "TRUE");
    smap_add(&wanted, "dpdk-socket-mem", "2048");
    smap_add(&wanted, "per-port-memory", "true");
    smap_add(&wanted, "vhost-iommu-support", "false");
    smap_add(&wanted, "mempool-sizing", "fixed");
    smap_add(&running, "shared-mempool-config", "9000,1500:0");
    smap_add(&wanted, "shared-mempool-config", "9000");
    smap_add(&wanted, "mempool-max-mbufs", "65536");
    smap_add(&wanted, "mempool-numa-fallback", "true");
    smap_add(&wanted, "pmd-cpu-mask", "4");
    cfg_pending_restart(&running, &wanted, append_pending, &text);
    assert_string_equal(text, "dpdk-extra:--no-pci>- "
                        "dpdk-socket-mem:1024>2048 "
                        "mempool-max-mbufs:->65536 per-port-memory:->true "
                        "shared-mempool-config:9000,1500:0>9000 ");
    free(text);
    smap_destroy(&running);
    smap_destroy(&wanted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pending_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
