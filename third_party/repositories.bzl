"""Every external repository, for this workspace and for those that use it."""

load(
    "//third_party:archive.bzl",
    "debian_folder",
    "locked_archive",
    "overlay_only",
)

def _maybe(rule, name, **kwargs):
    # A workspace that uses rproxy may have chosen its own copy already.
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def _bazel_repositories():
    """What Bazel 4 itself would otherwise fetch from the internet."""
    _maybe(
        debian_folder,
        name = "platforms",
        package = "bazel-platforms",
        path = "/usr/share/bazel/tools/platforms",
    )
    _maybe(
        debian_folder,
        name = "rules_java",
        package = "bazel-rules-java",
        path = "/usr/share/bazel/rules/java",
    )
    _maybe(
        debian_folder,
        name = "rules_proto",
        package = "bazel-rules-proto",
        path = "/usr/share/bazel/rules/proto",
    )
    _maybe(
        debian_folder,
        name = "bazel_skylib",
        package = "bazel-skylib",
        path = "/usr/share/bazel/tools/skylib",
    )
    _maybe(
        overlay_only,
        name = "rules_cc",
        files = {
            Label("//third_party:rules_cc/rules_cc.BUILD"): "cc/BUILD",
            Label("//third_party:rules_cc/defs.bzl"): "cc/defs.bzl",
        },
    )
    _maybe(
        overlay_only,
        name = "remote_coverage_tools",
        files = {
            Label("//third_party:remote_coverage_tools.BUILD"): "BUILD",
        },
    )

def rproxy_dependencies():
    """Declares what rproxy is built from, unless it is declared already."""
    _bazel_repositories()

    # These two build with their own BUILD files.
    _maybe(locked_archive, name = "com_google_absl")
    _maybe(locked_archive, name = "boringssl")

    _maybe(
        locked_archive,
        name = "libevent",
        build_file = Label("//third_party:libevent.BUILD"),
        files = {
            Label("//third_party:libevent/event-config.h"): "include/event2/event-config.h",
            Label("//third_party:libevent/evconfig-private.h"): "evconfig-private.h",
        },
        # Upstream reports a reset or a full hang-up as readable and writable,
        # which an edge-triggered reader cannot tell from ordinary news: after
        # a short read it would wait for an edge that never comes.
        patches = [Label("//third_party:libevent/report_hang_up.patch")],
    )
    _maybe(
        locked_archive,
        name = "http_parser",
        build_file = Label("//third_party:http_parser.BUILD"),
    )
    _maybe(locked_archive, name = "com_github_gflags_gflags")
    _maybe(locked_archive, name = "com_github_google_glog")
    _maybe(
        locked_archive,
        name = "com_google_googletest",
        build_file = Label("//third_party:googletest.BUILD"),
    )
    _maybe(
        locked_archive,
        name = "com_github_google_benchmark",
        build_file = Label("//third_party:benchmark.BUILD"),
    )
    _maybe(
        locked_archive,
        name = "libconfuse",
        build_file = Label("//third_party:libconfuse.BUILD"),
        files = {
            Label("//third_party:libconfuse/config.h"): "config.h",
        },
    )
