"""The methods that `evaluate.py` scores if the user names none, and the network that is the user's.

The user's network is what the report is about: the report opens on this network, and compares this
network with what anyone has without training.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from evaluation.methods import INPUT, ONE_CLICK, UNTRAINED
from models.shipped import ANY_PHONE, SHIPPED, network_of_phone


def default_methods(
    phone: str, runs: Mapping[str, Path], cameras: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Return the input, the phone's runs, and every method that needs no training for this phone.

    A network that ships fits if it serves any phone, or a camera of the photos, or the phone of
    this name in the DPED data set.

    Args:
        phone: name of the phone.
        runs: the phone's best networks, by the name of the run.
        cameras: make and model, as EXIF writes them, of the cameras of the phone's photos.

    Returns:
        Words for `find_methods`: the input, the newest run, the other runs, then the rest.
    """
    newest = users_network(runs, runs)
    fitting = [ANY_PHONE, *(network_of_phone(*camera) for camera in cameras)]
    fitting += [name for name, network in SHIPPED.items() if network.pairs == phone]
    words = [INPUT, *([newest] if newest else []), *runs, ONE_CLICK, *fitting]
    return list(dict.fromkeys(words))


def users_network(names: Iterable[str], runs: Mapping[str, Path]) -> str | None:
    """Return the network that the user made: the newest run, or else the first other network.

    Args:
        names: names of methods.
        runs: the phone's best networks, by the name of the run.

    Returns:
        One of the names, or None if every method works without a training by the user.
    """
    made = [name for name in names if name not in UNTRAINED]
    trained = [name for name in made if name in runs]
    if trained:
        return max(trained, key=lambda name: runs[name].stat().st_mtime_ns)
    return next(iter(made), None)
