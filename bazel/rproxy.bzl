"""How rproxy's own code is compiled, tested, measured and fuzzed.

BUILD files use these macros instead of the cc_* rules, so that warnings and
link options are decided in one place.
"""

RPROXY_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    # gcc guesses at these from optimised code, wrongly at times, and only in
    # some configurations. They are worth reading, but must not stop a build.
    "-Wno-error=array-bounds",
    "-Wno-error=maybe-uninitialized",
    "-Wno-error=stringop-overflow",
    "-Wno-error=stringop-overread",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    # Options structs are filled by name, and leave the rest at its default.
    "-Wno-missing-field-initializers",
    # gcc 12 invents overlaps in std::string (gcc bug 105651).
    "-Wno-restrict",
    "-fno-exceptions",
]

# The daemon runs on machines that have no C++ runtime installed. Bazel links
# with the C compiler and puts -lstdc++ behind all this; --as-needed drops it,
# because the archive has provided everything by then. Sanitizer runtimes want
# the shared library.
_STATIC_RUNTIME_LINKOPTS = select({
    "//bazel:asan": [],
    "//bazel:fuzz": [],
    "//bazel:tsan": [],
    "//conditions:default": [
        "-static-libgcc",
        "-Wl,--as-needed",
        "-l:libstdc++.a",
    ],
})

def rproxy_library(copts = [], **kwargs):
    """A cc_library of our own code."""
    native.cc_library(
        copts = RPROXY_COPTS + copts,
        **kwargs
    )

def rproxy_binary(copts = [], linkopts = [], **kwargs):
    """A cc_binary of our own code that needs nothing but the C library."""
    native.cc_binary(
        copts = RPROXY_COPTS + copts,
        linkopts = linkopts + _STATIC_RUNTIME_LINKOPTS,
        **kwargs
    )

def rproxy_test(deps = [], copts = [], size = "small", main = True, **kwargs):
    """A cc_test with GoogleTest.

    Args:
      deps: what the test uses; GoogleTest is added.
      copts: more compiler options.
      size: as for cc_test.
      main: whether GoogleTest provides main().
      **kwargs: passed on to cc_test.
    """
    gtest = "@com_google_googletest//:gtest"
    native.cc_test(
        size = size,
        copts = RPROXY_COPTS + copts,
        deps = deps + ([gtest, gtest + "_main"] if main else [gtest]),
        **kwargs
    )

def rproxy_benchmark(name, srcs, deps = [], tags = [], **kwargs):
    """A Google Benchmark program, and a test that runs each part of it once.

    Args:
      name: the program; the test is <name>_smoke_test.
      srcs: sources, without main().
      deps: what the benchmark uses; Google Benchmark is added.
      tags: for both targets.
      **kwargs: passed on to cc_binary.
    """
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = RPROXY_COPTS,
        tags = tags,
        deps = deps + [
            "@com_github_google_benchmark//:benchmark",
            "@com_github_google_benchmark//:benchmark_main",
        ],
        **kwargs
    )
    native.sh_test(
        name = name + "_smoke_test",
        size = "small",
        srcs = ["//bazel:run_benchmark_once"],
        args = ["$(rootpath :%s)" % name],
        data = [":" + name],
        tags = tags + ["benchmark_smoke"],
    )

def rproxy_fuzz_test(name, srcs, corpus = [], deps = [], tags = [], **kwargs):
    """A fuzz test: srcs define LLVMFuzzerTestOneInput.

    As a test it runs every file of the corpus, and then a fixed number of
    mutations of them (see bazel/fuzz_replay_main.cc for its options). With
    --config=fuzz the same target is a libFuzzer program.

    Args:
      name: the test.
      srcs: sources, without main().
      corpus: input files, usually glob(["<name>_corpus/**"]).
      deps: what the test uses.
      tags: more tags; "fuzz" is added.
      **kwargs: passed on to cc_test.
    """
    inputs = ["$(rootpath %s)" % file for file in corpus]
    native.cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = select({
            # libFuzzer given files, not folders, runs each once and ends.
            "//bazel:fuzz": inputs or ["-runs=0"],
            "//conditions:default": inputs,
        }),
        copts = RPROXY_COPTS,
        data = corpus,
        linkopts = select({
            "//bazel:fuzz": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = tags + ["fuzz"],
        deps = deps + select({
            "//bazel:fuzz": [],
            "//conditions:default": ["//bazel:fuzz_replay_main"],
        }),
        **kwargs
    )
