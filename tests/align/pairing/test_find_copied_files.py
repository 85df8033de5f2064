from align.pairing.find_copied_files import find_copied_files
from align.pairing.pair_photos import PhotoPair


def test_files_of_one_size_are_not_yet_the_same(tmp_path):
    paths = [tmp_path / name for name in "abcd"]
    for path, content in zip(paths, (b"one", b"two", b"six", b"two"), strict=True):
        path.write_bytes(content)
    lost = PhotoPair("lost", tmp_path / "no", tmp_path / "where")
    pairs = [PhotoPair("x", *paths[:2]), lost, PhotoPair("y", *paths[2:])]
    assert find_copied_files(pairs) == ["", "", "DSLR photo: same photo as b"]
