/* SPDX-License-Identifier: Apache-2.0
 *
 * hugepages.c: reads the kernel's count; nothing announces a change of it.
 */
#include <config.h>
#include "vswitchd/hugepages.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

uint64_t
hugepages_free(void)
{
    static const char dir_name[] = "/sys/kernel/mm/hugepages";
    DIR *dir = opendir(dir_name);
    uint64_t bytes = 0;
    struct dirent *de;

    if (!dir) {
        return 0;
    }
    while ((de = readdir(dir)) != NULL) {
        uint64_t kib, pages;
        char path[512];
        FILE *f;

        if (sscanf(de->d_name, "hugepages-%"SCNu64"kB", &kib) != 1) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/free_hugepages", dir_name,
                 de->d_name);
        f = fopen(path, "r");
        if (f) {
            if (fscanf(f, "%"SCNu64, &pages) == 1) {
                bytes += pages * kib * 1024;
            }
            fclose(f);
        }
    }
    closedir(dir);
    return bytes;
}
