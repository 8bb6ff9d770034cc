/* logging: the host's log, for what the program has to say among its lines. */
#ifndef WY_HOST_LOGGING_H
#define WY_HOST_LOGGING_H

#include "base/log.h"
#include "weiyue.h"

/* Its level and form are the configuration's, once that is loaded. Lives as long as the host. */
const wy_log *wy_host_logger(const wy_host *host);

#endif
