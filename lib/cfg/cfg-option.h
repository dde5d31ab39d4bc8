/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-option.h: one row of a table describes one key of a map column.
 *
 * Reading a key, its range, its default and the text about a wrong value all
 * come from the row, so a new key is a new row (cfg-parse.c holds the
 * tables).  Pure; used by lib/cfg only.
 */
#ifndef CFG_CFG_OPTION_H
#define CFG_CFG_OPTION_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smap;

enum cfg_option_kind {
    CFG_OPT_STRING,             /* char *: any text, NULL where absent */
    CFG_OPT_BOOL,               /* bool: true or false, in any case */
    CFG_OPT_INT,                /* uint32_t: decimal, min..max */
    CFG_OPT_LONG,               /* uint64_t: likewise, not negative */
    CFG_OPT_POW2,               /* uint32_t: a power of two, min..max */
    CFG_OPT_WORD,               /* int: index into `words` */
    CFG_OPT_MAC,                /* char *: unicast Ethernet address in lower
                                 * case, NULL where absent or wrong */
    CFG_OPT_MASK,               /* char *: hexadecimal digits without 0x and
                                 * leading zeros, NULL where absent, wrong or
                                 * zero */
    CFG_OPT_GROUP,              /* char *: name of a mempool group, NULL where
                                 * absent or wrong */
    CFG_OPT_SLEEP,              /* char *: NUMBER,CORE:NUMBER,... in order of
                                 * core, NULL where absent or wrong */
    CFG_OPT_AFFINITY,           /* char *: QUEUE:CORE,... in order of queue,
                                 * NULL where absent or wrong */
};

struct cfg_option {
    const char *key;
    enum cfg_option_kind kind;
    unsigned int types;         /* 1u << cfg_type it applies to; 0: always */
    int64_t def;                /* INT, LONG, POW2, BOOL, WORD */
    int64_t min, max;           /* INT, LONG, POW2 */
    const char *const *words;   /* WORD: NULL-terminated */
    size_t offset;              /* of the member it fills, or CFG_OPT_NOWHERE
                                 * for a key that is only checked here */
};

#define CFG_OPT_NOWHERE SIZE_MAX

/* Fills the members of `dst` that `rows` describe and that apply to `type`
 * (a cfg_type, or -1 for rows that always apply) from `map`; a wrong value
 * leaves the default.  Calls `report` with a malloc'ed text for each wrong
 * value, which says the key, the value, what would be right and what is used
 * instead; `report` frees it.  Members of kind char * are malloc'ed and must
 * be NULL before. */
void cfg_options_parse(const struct cfg_option *rows, size_t n_rows, int type,
                       const struct smap *map, void *dst,
                       void (*report)(char *text, void *aux), void *aux);

/* The address in lower case, malloc'ed, or NULL where `s` is no Ethernet
 * address that a device can have (zero, multicast). */
char *cfg_parse_mac(const char *s);

#endif
