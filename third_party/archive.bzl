"""Repository rules for code that is not ours.

Nothing here needs the network when tools/fetch_deps has run: the archives are
found in .distdir/ of this checkout or in the cache that all clones of a user
share. A file whose digest is not the one in archives.lock stops the build.
"""

_LOCK = Label("//third_party:archives.lock")

def _lock_entry(rctx):
    """Returns the paragraph of archives.lock that describes this repository."""
    for paragraph in rctx.read(_LOCK).split("\n\n"):
        entry = {}
        for line in paragraph.split("\n"):
            key, separator, value = line.partition(": ")
            if separator and not line.startswith("#"):
                entry[key] = value.strip()
        if entry.get("Name") == rctx.name:
            return entry
    fail("third_party/archives.lock does not list '%s'" % rctx.name)

def _archive_folders(rctx):
    folders = [rctx.path(_LOCK).dirname.dirname.get_child(".distdir")]
    cache = rctx.os.environ.get("XDG_CACHE_HOME", "")
    home = rctx.os.environ.get("HOME", "")
    if not cache and home:
        cache = home + "/.cache"
    if cache:
        folders.append(rctx.path(cache + "/rproxy/distdir"))
    return folders

def _fetch(rctx, entry):
    folders = _archive_folders(rctx)
    for folder in folders:
        archive = folder.get_child(entry["Archive"])
        if archive.exists:
            # No other address beside it, so that a damaged file is reported
            # instead of being replaced behind the user's back.
            path = str(archive).replace("%", "%25").replace(" ", "%20")
            rctx.download_and_extract(
                url = "file://" + path,
                sha256 = entry["SHA256"],
                stripPrefix = entry["Strip-Prefix"],
            )
            return
    if "Upstream" in entry:
        result = rctx.download_and_extract(
            allow_fail = True,
            url = entry["Upstream"],
            sha256 = entry["SHA256"],
            stripPrefix = entry["Strip-Prefix"],
        )
        if result.success:
            return
    fail(("%s is not in %s. Run tools/fetch_deps, which also says how to " +
          "supply it by hand.") % (
        entry["Archive"],
        " or ".join([str(folder) for folder in folders]),
    ))

def _place(rctx, files):
    for label, path in files.items():
        rctx.delete(path)
        rctx.symlink(label, path)

def _locked_archive_impl(rctx):
    entry = _lock_entry(rctx)
    _fetch(rctx, entry)
    for patch in rctx.attr.patches:
        rctx.patch(patch, strip = 1)
    if rctx.attr.build_file:
        # Bazel prefers BUILD.bazel, so upstream's must not stay.
        rctx.delete("BUILD.bazel")
        _place(rctx, {rctx.attr.build_file: "BUILD"})
    _place(rctx, rctx.attr.files)

locked_archive = repository_rule(
    implementation = _locked_archive_impl,
    attrs = {
        "build_file": attr.label(
            doc = "Replaces upstream's top BUILD file, if given.",
        ),
        "files": attr.label_keyed_string_dict(
            doc = "Our files, and where they go in the repository.",
        ),
        "patches": attr.label_list(
            doc = "Changes to upstream's files; each says why.",
        ),
    },
    environ = ["HOME", "XDG_CACHE_HOME"],
    doc = "The sources of one paragraph of archives.lock.",
)

def _overlay_only_impl(rctx):
    _place(rctx, rctx.attr.files)

overlay_only = repository_rule(
    implementation = _overlay_only_impl,
    attrs = {
        "files": attr.label_keyed_string_dict(mandatory = True),
    },
    doc = "A repository that consists of files of ours.",
)

def _debian_folder_impl(rctx):
    folder = rctx.path(rctx.attr.path)
    if not folder.get_child("WORKSPACE").exists:
        fail(("%s is missing. Run tools/install_deps, or install the Debian " +
              "package %s.") % (folder, rctx.attr.package))
    for child in folder.readdir():
        rctx.symlink(child, child.basename)

debian_folder = repository_rule(
    implementation = _debian_folder_impl,
    attrs = {
        "package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
    },
    doc = "Bazel rules that an installed Debian package carries.",
)
