/* SPDX-License-Identifier: Apache-2.0
 *
 * findings.c: says what is to be said of a configuration, once.
 */
#include <config.h>
#include "vswitchd/findings.h"

#include <stdlib.h>

#include "cfg/cfg-parse.h"
#include "cfg/cfg.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "sset.h"
#include "util.h"

#define this_module log_bridge

static struct sset said = SSET_INITIALIZER(&said);      /* of the last one */

/* Logs `text` unless the configuration before gave rise to it too. */
static void
say_news(struct sset *now, const char *text, bool warn)
{
    if (sset_add(now, text) && !sset_contains(&said, text)) {
        if (warn) {
            VLOG_WARN("%s", text);
        } else {
            VLOG_INFO("%s", text);
        }
    }
}

static void
say_pending(const char *key, const char *running, const char *wanted,
            void *now)
{
    char *text = xasprintf("other_config:%s is read once, when DPDK starts: "
                           "running with %s, restart the daemon for %s", key,
                           running ? running : "(unset)",
                           wanted ? wanted : "(unset)");

    say_news(now, text, true);
    free(text);
}

void
findings_say(const struct cfg *cfg)
{
    struct sset now = SSET_INITIALIZER(&now);

    for (size_t i = 0; i < cfg->n_warnings; i++) {
        say_news(&now, cfg->warnings[i], true);
    }
    for (size_t i = 0; i < cfg->n_notes; i++) {
        say_news(&now, cfg->notes[i], false);
    }
    if (eal_started_with()) {
        cfg_pending_restart(eal_started_with(), &cfg->other_config,
                            say_pending, &now);
    }
    sset_swap(&said, &now);
    sset_destroy(&now);
}

void
findings_destroy(void)
{
    sset_destroy(&said);
}
