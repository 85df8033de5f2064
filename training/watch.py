"""Signs of a failing GAN: a discriminator that wins, color drift, checkerboards."""

from collections.abc import Iterator

MEMORY = 0.98  # of the running accuracy: about the last 50 steps
SETTLED = 200  # steps before the first warning


class Watch:
    """Warns once about each sign of a failing GAN, and says what helps.

    No warning comes in the first 200 steps of a run.

    Args:
        step: The step at which the run starts or goes on.
    """

    def __init__(self, step: int = 0):
        self.steps = step
        self.accuracy = 0.5
        self.warned = set()

    def step(self, report: dict[str, float]) -> None:
        """Take in the report of one training step."""
        self.steps += 1
        accuracy = report.get("discriminator_accuracy", 0.5)
        self.accuracy = MEMORY * self.accuracy + (1 - MEMORY) * accuracy

    def warnings(self, scores: dict[str, float]) -> Iterator[str]:
        """Yield one line for each sign that a validation shows for the first time.

        Args:
            scores: As `training.validation.Validation` returns.
        """
        signs = {
            "discriminator": (
                self.accuracy > 0.97,
                f"the discriminator is right about {100 * self.accuracy:.0f}% of the patches, so "
                "the texture loss has little effect; a lower --discriminator_learning_rate or "
                "--discriminator_width, or more pairs, help",
            ),
            "color": (
                scores["color_shift"] > 0.15,
                f"mean colors differ from the target's by {255 * scores['color_shift']:.0f} of 255 "
                "levels; a lower --learning_rate helps",
            ),
            "contrast": (
                not 0.6 < scores["contrast"] < 1.6,
                f"contrast is {scores['contrast']:.2f} of the target's; a lower "
                "--learning_rate helps",
            ),
            "checkerboard": (
                scores["checkerboard"] > 2,
                f"neighboring pixels alternate {scores['checkerboard']:.1f} times as strongly as "
                "in the target (checkerboards, or noise); more steps or a higher --ema_decay help",
            ),
        }
        for name, (seen, line) in signs.items():
            if seen and self.steps >= SETTLED and name not in self.warned:
                self.warned.add(name)
                yield f"warning: {line}"
