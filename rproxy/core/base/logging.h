// The one door to glog: LOG, CHECK, DCHECK and their variants.
//
// Libraries log only what nobody else will report (state changes of a backend,
// a listener that had to pause). Errors that are returned are not logged, and
// nothing is logged per request.
//
// Threading: any thread.

#ifndef RPROXY_CORE_BASE_LOGGING_H_
#define RPROXY_CORE_BASE_LOGGING_H_

#include "glog/logging.h"

#endif  // RPROXY_CORE_BASE_LOGGING_H_
