"""The cache of compiled code: it heals, trusts nothing, and survives a full disk."""

import hashlib
import os
import shutil
import sys
import warnings

import numpy as np
import pytest

from brainsim.jit import cache, machine
from tests.helpers.equations.compiled_texts import POSIX, TEXT, came_from_cache, python, the_file

# -- damage ----------------------------------------------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def put_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("something")


def put_pipe(path):
    path.unlink()
    os.mkfifo(path)


def put_link(path):
    aside = path.parent.parent / "aside"
    path.rename(aside)
    path.symlink_to(aside)


def needing_more(path):
    """Leave code that needs what this system does not have: LLVM would end the process."""
    text, _, code = path.read_bytes()[32:].partition(b"\n")
    name = path.stem.rpartition("-")[0].encode() + b"-entry"
    start, count = np.frombuffer(code, "<u8", 1, 0x28)[0], np.frombuffer(code, "<u2", 1, 0x3C)[0]
    sections = np.frombuffer(code, machine.SECTION, count, start)
    (symbols,) = sections[sections["type"] == machine.SYMBOLS]
    content = bytearray(code)
    table = np.frombuffer(content, machine.SYMBOL, symbols["size"] // machine.SYMBOL.itemsize, symbols["offset"])
    names = int(sections["offset"][symbols["link"]])
    table["section"][[content[names + at :].startswith(name) for at in table["name"]]] = 0
    path.write_bytes(cache._sealed(path, text + b"\n" + bytes(content)))


DAMAGE = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(os.urandom(5000)),
    "one bit": flip,
    "the hash of nothing": lambda path: path.write_bytes(hashlib.sha256(path.name.encode()).digest()),
    "no description": lambda path: path.write_bytes(cache._sealed(path, b"x" * 1000)),
    "no object": lambda path: path.write_bytes(cache._sealed(path, b'"d"\n' + b"x" * 1000)),
    "a symbol that does not exist": needing_more,
    "unreadable": lambda path: path.chmod(0),
    "a folder": put_folder,
    "a pipe": put_pipe,
    "a link": put_link,
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_replaced(folder, damage):
    if os.name == "nt" and damage in ("a pipe", "a link"):
        pytest.skip("Windows has neither pipes among files nor links for everybody")
    text = TEXT.format(1)
    assert not came_from_cache(text)
    assert came_from_cache(text)
    DAMAGE[damage](the_file(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = came_from_cache(text)
        assert came_from_cache(text)
    assert not first or damage == "unreadable"  # which the administrator can read
    assert the_file(folder).is_file()


def test_a_file_under_the_name_of_another_is_not_taken(folder):
    texts = [TEXT.format(number) for number in (1, 2)]
    paths = []
    for text in texts:
        assert not came_from_cache(text)
        paths += [path for path in folder.iterdir() if path not in paths]
    shutil.copy(paths[0], paths[1])
    assert not came_from_cache(texts[1])
    assert came_from_cache(texts[1])


def test_the_cache_may_be_deleted_while_it_is_used(folder):
    assert not came_from_cache(TEXT.format(1))
    shutil.rmtree(folder.parent)
    assert not came_from_cache(TEXT.format(2))
    assert came_from_cache(TEXT.format(2))


ELSEWHERE = """
import numpy as np
from brainsim.jit.decorators import helper, kernel
scale, table = 3.0, np.array([1.0, 2.0])

@helper
def inner(x):
    return scale * x + 1.0

@kernel
def outer(x):
    return inner(x) + table[1]
"""
EDITS = {"nothing": 6.0, "scale, table = 3.0": 8.0, "* x + 1.0": 7.0, "2.0]": 8.0}


@pytest.mark.thorough
@pytest.mark.parametrize("edit", EDITS)
def test_code_from_elsewhere_is_compiled_again_if_what_it_names_changes(tmp_path, edit):
    """A constant, a function and an array: their values are in the machine code."""
    script = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nsys.dont_write_bytecode = True\n"
    script += "from elsewhere import outer\nprint(outer(1.0), outer.compiled)"
    file = tmp_path / "elsewhere.py"
    file.write_text(ELSEWHERE)
    cached = {"BRAINSIM_CACHE_DIR": str(tmp_path / "cached")}
    assert python(script, **cached)[0].split()[0] == "6.0"
    file.write_text(ELSEWHERE.replace(edit, edit.translate(str.maketrans("123", "245"))))
    assert python(script, **cached)[0].split() == [str(EDITS[edit]), str(int(edit != "nothing"))]


# -- code of others --------------------------------------------------------------------------------------------------------


def plant(folder):
    """Put code into a file that adds another number than the function of `TEXT`."""
    assert not came_from_cache(TEXT.format(7))
    other, path = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    path.write_bytes(cache._sealed(path, other.read_bytes()[32:].replace(other.stem.encode(), path.stem.encode())))
    other.unlink()
    return path


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_no_code_is_taken_from_a_folder_that_others_can_write(folder, mode):
    text = TEXT.format(1)
    assert not came_from_cache(text)
    plant(folder)
    folder.chmod(mode)
    before = sorted(folder.iterdir())
    with pytest.warns(UserWarning, match="can be written by other users") as caught:
        assert not came_from_cache(text)
    assert len(caught) == 1
    assert str(folder) in str(caught[0].message)
    assert "Set BRAINSIM_CACHE_DIR" in str(caught[0].message)
    assert sorted(folder.iterdir()) == before


@POSIX
def test_no_code_is_taken_from_a_file_that_others_can_write(folder):
    text = TEXT.format(1)
    assert not came_from_cache(text)
    plant(folder).chmod(0o666)
    assert not came_from_cache(text)
    assert the_file(folder).stat().st_mode & 0o022 == 0
    assert came_from_cache(text)


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the administrator can give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_no_code_is_taken_from_other_users(folder, what):
    text = TEXT.format(1)
    assert not came_from_cache(text)
    path = plant(folder)
    os.chown(path if what == "file" else folder, 12345, 12345)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert not came_from_cache(text)
    assert ["belongs to another user" in str(one.message) for one in caught] == ([True] if what == "folder" else [])


@POSIX
def test_a_folder_is_made_that_others_cannot_write(folder):
    """Whatever the umask; a shared folder above it does no harm."""
    before = os.umask(0)
    try:
        assert not came_from_cache(TEXT.format(1))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o022 for path in (folder, the_file(folder))] == [0, 0]
    folder.parent.chmod(0o777)
    assert came_from_cache(TEXT.format(1))


# -- nothing can be written ------------------------------------------------------------------------------------------------


FULL = """
import resource, sys
import brainsim as bs
from brainsim.jit.decorators import load_source
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for number in range(3):
    print(load_source(sys.argv[1].format(number)).value(2.0))
"""


@POSIX
def test_a_full_disk_costs_the_cache_only(tmp_path):
    """With a limit of the size of files, which fails in the midst of writing as a full disk does."""
    script = FULL.replace("sys.argv[1]", repr(TEXT))
    out, err = python(script, BRAINSIM_CACHE_DIR=str(tmp_path))
    assert out.split() == ["6.0", "7.0", "8.0"]
    assert err.count("UserWarning") == 1
    assert "cannot be written" in err
    assert str(tmp_path) in err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_cache_that_is_there_need_not_be_written(folder, monkeypatch):
    assert not came_from_cache(TEXT.format(1))
    folder.chmod(0o555)
    before = the_file(folder).stat()
    monkeypatch.setattr(cache, "_write", lambda *_: pytest.fail("the cache was written"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert came_from_cache(TEXT.format(1))
    folder.chmod(0o755)
    assert the_file(folder).stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_in_the_place_of_the_folder(folder):
    folder.parent.mkdir()
    folder.write_text("something")
    with pytest.warns(UserWarning, match="cannot be written"):
        assert not came_from_cache(TEXT.format(1))
    assert folder.read_text() == "something"


@POSIX
def test_a_user_without_a_home(monkeypatch):
    """As in a container that runs under a number which the system does not know."""

    def unknown(number):
        raise KeyError(number)

    for name in ("BRAINSIM_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    cache.cache_folder.cache_clear()
    cache._warn.cache_clear()
    try:
        assert cache.user_cache() is None
        with pytest.warns(UserWarning, match="no home folder"):
            assert not came_from_cache(TEXT.format(11))
        from brainsim.commands import cli

        assert cli.main(["info"]) == 0
    finally:
        cache.cache_folder.cache_clear()
        cache._warn.cache_clear()


@POSIX
def test_an_empty_home_is_not_the_root_of_the_file_system(monkeypatch):
    for name in ("BRAINSIM_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "")
    assert cache.user_cache() is None


def test_a_process_without_standard_error(folder, monkeypatch):
    folder.parent.mkdir()
    folder.write_text("something")
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.warns(UserWarning, match="cannot be written"):
        assert not came_from_cache(TEXT.format(1))
