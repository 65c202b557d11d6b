"""Names that BUILD files of others load from @rules_cc.

Debian's rules_cc does not load on Bazel 4.2, and every rule that is wanted of
it is built into Bazel anyway.
"""

cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
