"""A `.keras` file that claims gigabytes is refused before any memory is taken."""

import io
import json
import zipfile

import h5py
import pytest

from models import WeightsError, load_generator
from models.claimed_size import CONFIG, WEIGHTS, find_excess
from models.shipped import PRETRAINED

SHIPPED = sorted(PRETRAINED.glob("*.keras"))


def rewritten(path, **contents):
    """Write a shipped network with other contents of some of its files."""
    with zipfile.ZipFile(SHIPPED[0]) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = contents.get(entry.filename.split(".")[0], source.read(entry))
            target.writestr(entry, content)
    return path


def original(name):
    with zipfile.ZipFile(SHIPPED[0]) as source:
        return source.read(name)


def a_huge_array():
    """Weights whose first array claims 4 GB, of which none is in the file."""
    content = io.BytesIO(original(WEIGHTS))
    with h5py.File(content, "r+") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "dtype") else None)
        del file[names[0]]
        file.create_dataset(names[0], (1 << 30,), "f4", chunks=(1 << 20,))
    return content.getvalue()


def a_huge_layer(**change):
    """A description whose convolutions claim 4 GB."""

    def changed(node):
        if isinstance(node, list):
            return [changed(one) for one in node]
        if isinstance(node, dict):
            more = change if "filters" in node else {}
            return {key: changed(value) for key, value in node.items()} | more
        return node

    return json.dumps(changed(json.loads(original(CONFIG)))).encode()


def a_large_entry(path):
    """A zip archive whose directory states 4 GB for the weights."""
    content = bytearray(SHIPPED[0].read_bytes())
    place = content.rindex(WEIGHTS.encode()) - 46  # the entry of the directory
    assert content[place : place + 4] == b"PK\1\2"
    content[place + 24 : place + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(content)
    return path


def test_the_networks_that_ship_claim_what_they_have():
    assert SHIPPED and [find_excess(path) for path in SHIPPED] == [""] * len(SHIPPED)


@pytest.mark.parametrize("kind", ["array", "filters", "kernel", "entry", "nested"])
def test_claims_of_gigabytes_are_refused_in_one_line(tmp_path, kind):
    path = tmp_path / "huge.keras"
    if kind == "array":
        rewritten(path, model=a_huge_array())
    elif kind == "filters":
        rewritten(path, config=a_huge_layer(filters=1 << 30))
    elif kind == "kernel":
        rewritten(path, config=a_huge_layer(kernel_size=[1 << 15, 1 << 15]))
    elif kind == "nested":
        rewritten(path, config=b"[" * 100_000)
    else:
        a_large_entry(path)
    with pytest.raises(WeightsError, match=r"huge\.keras: not loaded, because its") as raised:
        load_generator(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_other_damage_is_left_to_the_loader(tmp_path, content):
    path = tmp_path / "broken.keras"
    path.write_bytes(content)
    assert find_excess(path) == ""
