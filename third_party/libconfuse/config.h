/* What libconfuse's configure script finds on Linux, without translations. */

#ifndef LIBCONFUSE_CONFIG_H_
#define LIBCONFUSE_CONFIG_H_

#define HAVE_FMEMOPEN 1
#define HAVE_REALLOCARRAY 1
#define HAVE_SETENV 1
#define HAVE_STRCASECMP 1
#define HAVE_STRDUP 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_STRNDUP 1
#define HAVE_SYS_STAT_H 1
#define HAVE_UNISTD_H 1
#define HAVE_UNSETENV 1

#define PACKAGE "confuse"
#define PACKAGE_NAME "libConfuse"
#define PACKAGE_STRING "libConfuse 3.3"
#define PACKAGE_VERSION "3.3"
#define VERSION "3.3"

#endif
