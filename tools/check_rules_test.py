#!/usr/bin/env python3
"""Runs check_rules on small trees: one that is right, and one for each rule."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK_RULES = pathlib.Path(__file__).resolve().parent / "check_rules"

FLOORS = '''
package_group(
    name = "from_floor_2",
    includes = [":from_floor_3"],
    packages = ["//rproxy/core/buffer/...", "//rproxy/core/event/..."],
)

package_group(name = "from_floor_3", packages = ["//rproxy/core/http/..."])

package_group(
    name = "from_floor_4",
    packages = ["//rproxy/core/server/...", "//rproxy/tls/..."],
)

package_group(
    name = "from_floor_5",
    packages = ["//rproxy/core/proxy/...", "//rproxy/testing/..."],
)

package_group(name = "from_floor_6", packages = ["//rproxy/daemon/..."])
'''

GOOD_HEADER = '''// A buffer.

#ifndef RPROXY_CORE_BUFFER_BUFFER_H_
#define RPROXY_CORE_BUFFER_BUFFER_H_

#include "rproxy/core/base/clock.h"

class Buffer {};

#endif  // RPROXY_CORE_BUFFER_BUFFER_H_
'''

GOOD_TREE = {
    "rproxy/BUILD": FLOORS,
    "rproxy/core/buffer/README.md": "# buffer\n",
    "rproxy/core/buffer/buffer.h": GOOD_HEADER,
    "rproxy/core/buffer/buffer.cc":
        '#include "rproxy/core/buffer/buffer.h"\n\n#include <vector>\n',
    "rproxy/core/buffer/buffer_test.cc":
        '#include "rproxy/core/buffer/buffer.h"\n\n'
        '#include "gtest/gtest.h"\n'
        '#include "rproxy/testing/gate.h"\n',
}


def check(changes):
    """Status and output of check_rules on the good tree with `changes`."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {**GOOD_TREE, **changes}.items():
            if text is None:
                continue
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        result = subprocess.run(
            [CHECK_RULES, "--root", root],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        return result.returncode, result.stdout


class CheckRulesTest(unittest.TestCase):

    def assert_good(self, changes):
        status, output = check(changes)
        self.assertEqual(status, 0, output)
        self.assertIn(" 0 errors, 0 warnings\n", output)

    def assert_bad(self, changes, *expected):
        status, output = check(changes)
        self.assertEqual(status, 1, output)
        self.assertIn(f" {len(expected)} errors, 0 warnings\n", output)
        for line in expected:
            self.assertIn(line, output)

    def test_accepts_the_good_tree(self):
        self.assert_good({})

    def test_refuses_an_include_of_a_higher_floor(self):
        self.assert_bad(
            {"rproxy/core/buffer/buffer_test.cc":
                 '#include "rproxy/core/buffer/buffer.h"\n'
                 '#include "rproxy/core/http/parser.h"\n'},
            "rproxy/core/buffer/buffer_test.cc:2: rproxy/core/buffer (floor 2)"
            " includes rproxy/core/http/parser.h (floor 3)")

    def test_refuses_an_include_of_the_same_floor(self):
        self.assert_bad(
            {"rproxy/core/buffer/buffer_test.cc":
                 '#include "rproxy/core/buffer/buffer.h"\n'
                 '#include "rproxy/core/event/timer.h"\n'},
            "rproxy/core/event/timer.h (floor 2)")

    def test_knows_the_edges_inside_a_floor(self):
        loop_test = "rproxy/core/event/loop_test.cc"
        readme = {"rproxy/core/event/README.md": "# event\n"}
        self.assert_good(
            {loop_test: '#include "rproxy/core/buffer/slice.h"\n', **readme})
        self.assert_bad(
            {loop_test: '#include "rproxy/core/buffer/buffer.h"\n', **readme},
            "includes rproxy/core/buffer/buffer.h (floor 2)")

    def test_accepts_subfolders_of_a_package(self):
        self.assert_good({
            "rproxy/daemon/README.md": "# daemon\n",
            "rproxy/daemon/main.cc":
                '#include "rproxy/daemon/config/load.h"\n',
        })

    def test_refuses_a_folder_without_a_floor(self):
        self.assert_bad(
            {"rproxy/core/new/README.md": "# new\n",
             "rproxy/core/new/new_test.cc": '#include "rproxy/a.h"\n'},
            "rproxy/core/new/new_test.cc:1: its folder has no floor")

    def test_refuses_tls_in_core(self):
        self.assert_bad(
            {"rproxy/core/proxy/README.md": "# proxy\n",
             "rproxy/core/proxy/a_test.cc":
                 '#include "rproxy/tls/server_context.h"\n'},
            "core never includes tls")

    def test_keeps_libraries_behind_their_gates(self):
        for header in ("absl/log/log.h", "benchmark/benchmark.h", "confuse.h",
                       "crypto_mb/x.h", "event2/event.h", "gflags/gflags.h",
                       "glog/logging.h", "gtest/gtest.h", "http_parser.h",
                       "nghttp2/nghttp2.h", "openssl/ssl.h", "re2/re2.h"):
            self.assert_bad(
                {"rproxy/core/buffer/buffer.cc":
                     '#include "rproxy/core/buffer/buffer.h"\n'
                     f"#include <{header}>\n"},
                f"buffer.cc:2: <{header}> may not be included here")

    def test_opens_gates_to_those_behind_them(self):
        self.assert_good({
            "rproxy/core/event/README.md": "# event\n",
            "rproxy/core/event/timer.cc": "#include <event2/event.h>\n",
            "rproxy/core/event/timer_test.cc": "",
            "rproxy/core/event/loop_fixture.h":
                GOOD_HEADER.replace("BUFFER_BUFFER", "EVENT_LOOP_FIXTURE") \
                .replace("rproxy/core/base/clock.h", "gtest/gtest.h"),
            "tools/demo.cc": '#include "gflags/gflags.h"\n',
        })

    def test_refuses_a_wrong_header_guard(self):
        self.assert_bad(
            {"rproxy/core/buffer/buffer.h":
                 GOOD_HEADER.replace("BUFFER_BUFFER", "BUFFERS")},
            "the header guard must be RPROXY_CORE_BUFFER_BUFFER_H_")

    def test_wants_the_own_header_first(self):
        for path in ("rproxy/core/buffer/buffer.cc",
                     "rproxy/core/buffer/buffer_test.cc",
                     "rproxy/core/buffer/buffer_fuzz_test.cc",
                     "rproxy/core/buffer/buffer_benchmark.cc"):
            self.assert_bad(
                {path: "#include <vector>\n"},
                f'{path}:1: "rproxy/core/buffer/buffer.h" must be included '
                "first")

    def test_refuses_words_that_say_nothing(self):
        self.assert_bad(
            {"rproxy/core/buffer/buffer_util_test.cc":
                 "class BufferImpl {};\nenum class HTTPManager { kNone };\n"
                 "using DataType = int;\n"},
            '"util" in a file name',
            ':1: "impl" in the name BufferImpl',
            ':2: "manager" in the name HTTPManager',
            ':3: "data" in the name DataType')

    def test_accepts_those_words_in_other_places(self):
        self.assert_good(
            {"rproxy/core/buffer/text_test.cc":
                 "// class BufferImpl is no more.\n"
                 "struct event_base;\n"
                 "class Database {};\n"
                 'const char* kText = "struct Info {";\n'})

    def test_refuses_tests_that_sleep(self):
        self.assert_bad(
            {"rproxy/core/buffer/a_test.cc":
                 "// sleep(1) in a comment is none.\n"
                 "void A() { absl::SleepFor(x); }\n"
                 "void B() { ::sleep(1); }\n"},
            "a_test.cc:2: tests wait for events",
            "a_test.cc:3: tests wait for events")

    def test_refuses_tests_that_are_switched_off(self):
        # Not in one piece, or people who search for these would find this.
        self.assert_bad(
            {"rproxy/core/buffer/a_test.cc":
                 "TEST(A, DISABLED" + "_B) {}\n"
                 "TEST(A, C) { GTEST" + "_SKIP(); }\n"},
            "a_test.cc:1: DISABLED" + "_B: mend the test",
            "a_test.cc:2: GTEST" + "_SKIP(): mend the test")

    def test_accepts_tests_that_say_what_they_lack(self):
        self.assert_good(
            {"rproxy/core/buffer/a_test.cc":
                 "TEST(A, B) {\n"
                 "  if (!x) GTEST" + '_SKIP() << "no IPv6 here";\n'
                 "}\n"})

    def test_warns_of_a_source_without_a_test(self):
        status, output = check({"rproxy/core/buffer/buffer_test.cc": None})
        self.assertEqual(status, 0, output)
        self.assertIn("buffer.cc:1: warning: no test beside it\n", output)
        self.assertIn(" 0 errors, 1 warnings\n", output)

    def test_refuses_paths_of_one_machine(self):
        # Not in one piece, or this file would be refused.
        for folder in ("work", "root", "home"):
            self.assert_bad(
                {"tools/script": f"#!/bin/sh\ncd /{folder}" + "/rproxy\n"},
                f"tools/script:2: /{folder}/... exists on one machine only")

    def test_accepts_paths_inside_the_repository(self):
        self.assert_good({"docs/a.md": "see docs/home" + "/b.md\n"})

    def test_wants_a_short_readme_in_each_package(self):
        readme = "rproxy/core/buffer/README.md"
        self.assert_bad({readme: None}, f"{readme}:1: missing")
        self.assert_good({readme: "line\n" * 40})
        self.assert_bad({readme: "line\n" * 41}, f"{readme}:41: 41 lines")

    def test_passes_over_what_is_not_ours_or_not_text(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "rproxy").mkdir()
            (root / "rproxy/BUILD").write_text(FLOORS)
            (root / "elsewhere").mkdir()
            (root / "elsewhere/README.md").write_text("/root" + "/x\n")
            (root / "bazel-out").symlink_to(root / "elsewhere")
            (root / ".git").mkdir()
            (root / ".git/config").write_text("/root" + "/x\n")
            (root / "corpus").write_bytes(b"\xff\xfe")
            result = subprocess.run(
                [CHECK_RULES, "--root", root], stdout=subprocess.PIPE,
                text=True, check=False)
            self.assertIn("elsewhere/README.md:1:", result.stdout)
            self.assertNotIn("bazel-out", result.stdout)
            self.assertNotIn(".git", result.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
