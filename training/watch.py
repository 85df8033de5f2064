"""A watch on what breaks GAN training: a discriminator that wins, color drift, checkerboards."""

from collections.abc import Iterator

MEMORY = 0.98  # of the running accuracy: about the last 50 steps
SETTLED = 200  # steps before which nothing is wrong yet


class Watch:
    """Says once of each thing that goes wrong that it does, and what helps.

    The first 200 steps of a run count as settling down.

    Args:
        step: where the run starts or goes on.
    """

    def __init__(self, step: int = 0):
        self.steps = step
        self.accuracy = 0.5
        self.said = set()

    def step(self, report: dict[str, float]) -> None:
        """Note one training step's report."""
        self.steps += 1
        accuracy = report.get("discriminator_accuracy", 0.5)
        self.accuracy = MEMORY * self.accuracy + (1 - MEMORY) * accuracy

    def warnings(self, scores: dict[str, float]) -> Iterator[str]:
        """One line for each thing that is wrong at a validation and was not said before.

        Args:
            scores: as `training.validation.Validation` gives.
        """
        found = {
            "discriminator": (
                self.accuracy > 0.97,
                f"the discriminator tells {100 * self.accuracy:.0f}% right, so its texture loss "
                "says little; a lower --discriminator_learning_rate or --discriminator_width, "
                "or more pairs, help",
            ),
            "color": (
                scores["color_shift"] > 0.15,
                f"mean colors are {255 * scores['color_shift']:.0f} of 255 levels off the "
                "target's; a lower --learning_rate helps",
            ),
            "contrast": (
                not 0.6 < scores["contrast"] < 1.6,
                f"contrast is {scores['contrast']:.2f} of the target's; a lower "
                "--learning_rate helps",
            ),
            "checkerboard": (
                scores["checkerboard"] > 2,
                f"pixels alternate {scores['checkerboard']:.1f} times as strongly as in the "
                "target (checkerboards, or noise); more steps, or a higher --weight_average, help",
            ),
        }
        for name, (wrong, line) in found.items():
            if wrong and self.steps >= SETTLED and name not in self.said:
                self.said.add(name)
                yield f"warning: {line}"
