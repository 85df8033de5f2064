"""The record of a folder of results."""

from photos.batches.record import NAME, Record


def test_a_result_counts_if_photo_and_settings_are_the_same(tmp_path):
    source, target = tmp_path / "s.jpg", tmp_path / "t.jpg"
    source.write_bytes(b"photo")
    target.write_bytes(b"result")
    assert not Record(tmp_path, "model").has(source, target)
    Record(tmp_path, "model").add(source, target)
    with (tmp_path / NAME).open("a") as file:
        file.write('{"result": "t.jpg"\n[1]\n\n{}\n')
    assert Record(tmp_path, "model").has(source, target)
    assert not Record(tmp_path, "other").has(source, target)
    source.write_bytes(b"photo, edited")
    assert not Record(tmp_path, "model").has(source, target)
    Record(tmp_path, "model").add(source, target)
    target.unlink()
    assert not Record(tmp_path, "model").has(source, target)
