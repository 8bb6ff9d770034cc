/* errand: a push whose user is busy on another worker. The worker that has the request makes it and
 * lends it to the one that has the user, who sends it back with the answer. Between push.c and
 * errand.c; the calls of others are in host_impl.h. */
#ifndef WY_HOST_ERRAND_H
#define WY_HOST_ERRAND_H

#include "host/exchange.h"

/* errand.c: p goes to worker `to`; where that takes no more, who waits is hung up on. known: it is
 * the same push again. seal: of a request. */
void wy_errand_send(desk *d, caller *seal, const caller_type *type, const wy_push *p,
                    const wy_claim *claim, unsigned to, bool known);
void wy_errands_answer(worker *w); /* their requests, with `success` */

/* push.c: what the inbox's verdict asks for, wherever the push came in. */

/* An exchange for what is new; NULL: no memory, and the caller was told. keep: p will be another's
 * before it begins. */
exchange *wy_push_admit(desk *d, const wy_push *p, const wy_claim *claim, const caller_type *type,
                        const caller *seal, bool keep);
/* The same push again, and the worker that has it is this one. False: what it is to join is still
 * on its way here. */
bool wy_push_join(desk *d, const wy_claim *claim, const caller_type *type, const caller *seal);
/* The same push again, behind its answer. */
void wy_push_again(desk *d, const caller_type *type, caller *c, wy_str body);
/* Answers a request of this worker's, sealed as its push was; body.p NULL: with `success`, and
 * without d. */
void wy_push_respond(desk *d, wy_http_req *req, const caller *c, wy_str body);
void wy_caller_copy_seal(caller *c, const caller *seal);

#endif
