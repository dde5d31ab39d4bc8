/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-door.h: what stands between a guest and the vhost library.
 *
 *   guest --socket-- door thread --socket pair-- library's event thread
 *
 * The library reads from a guest's socket with calls that block, in one thread
 * for all ports: half a message and silence, or replies that are not read,
 * would stop every guest from coming and going, and the main thread with
 * them.  So the library never has a guest's socket.  The door reads it without
 * blocking, gathers whole messages, has them judged (vhost-vet.h), and hands
 * them on; replies go back the same way.  A guest that breaks a rule is hung
 * up on:
 *
 *   - a message complete within VHOST_DOOR_PATIENCE_MS of its first byte;
 *   - replies read before they fill the socket;
 *   - VHOST_DOOR_RATE messages a second, beyond which it has to wait;
 *   - nothing that vhost_vet() refuses.
 *
 * When the memory of a guest is replaced, the library unmaps the old one and
 * may then fail to map the new: the port's packet threads are kept out while
 * it does (vhost_pause(), vhost_resume()).
 *
 * vhost_door_open() is called in the threads of the library, which make
 * connections, under vhost_mutex; everything else happens in the door's own
 * thread.  The door's mutex is never held while another one is taken or the
 * library is called.
 */
#ifndef PORT_VHOST_DOOR_H
#define PORT_VHOST_DOOR_H 1

#include <stdbool.h>
#include <stdint.h>

enum {
    VHOST_DOOR_PATIENCE_MS = 1000,
    VHOST_DOOR_RATE = 4096,     /* 128 queue pairs take 1,600 to start */
};

/* A connection that the library has just made and not read from yet. */
struct vhost_door_guest {
    const char *name;           /* of the port */
    const char *path;           /* of its socket */
    bool client;                /* the guest serves the socket */
    bool iommu, postcopy;       /* offered to the guest */
};

/* Starts the door's thread, in the main thread.  Idempotent. */
void vhost_door_init(void);

/* Steps between the guest and the library.  Returns the connection's number,
 * above 0 and never used again, or 0 with the reason in `*errp`: the library
 * is to refuse the guest then. */
uint64_t vhost_door_open(const struct vhost_door_guest *, char **errp);

/* Has the guest of connection `id` been connected for at least
 * VHOST_DOOR_PATIENCE_MS without the greeting that every front end begins
 * with (SET_OWNER)? */
bool vhost_door_is_silent(uint64_t id);

/* Has the guest of connection `id` hung up, whether or not the library knows
 * already? */
bool vhost_door_has_left(uint64_t id);

/* Ends connection `id`, if there is one, for `why`: the library hears that
 * the guest hung up. */
void vhost_door_hang_up(uint64_t id, const char *why);

/* Has the door's thread look at what packet threads left for it
 * (vhost_end_faults()).  Any thread; a system call. */
void vhost_door_wake(void);

/* Connections there are: for tests. */
unsigned int vhost_door_count(void);

#endif
