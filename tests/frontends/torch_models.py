"""Small models of PyTorch's for the tests of `gad.from_torch`; made in functions, since PyTorch may be missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.torched import torch


def mlp() -> tuple[Any, Callable[..., Any], tuple[Any, ...]]:
    """Two layers as a class of the user's own, cross-entropy."""

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = torch.nn.Linear(4, 8)
            self.fc2 = torch.nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            h = torch.tanh(self.fc1(x))
            y = self.fc2(h)
            return y

    torch.manual_seed(0)
    model = Net()

    def loss(x: Any, t: Any) -> Any:
        logits = model(x)
        error = torch.nn.functional.cross_entropy(logits, t)
        return error

    return model, loss, (torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0]))


def cnn() -> tuple[Any, Callable[..., Any], tuple[Any, ...]]:
    """Convolution, batch norm with running statistics, ReLU in place, dropout."""
    torch.manual_seed(1)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(64, 5),
    )  # fmt: skip
    target = torch.tensor([0, 1, 2, 3, 4, 0])
    return model, lambda x: nn.functional.cross_entropy(model(x), target), (torch.randn(6, 3, 8, 8),)


def lstm() -> tuple[Any, Callable[..., Any], tuple[Any, ...]]:
    """Two layers of LSTM, the last time step to a linear layer."""

    class Reader(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(3, 5, 2, batch_first=True)
            self.head = torch.nn.Linear(5, 1)

        def forward(self, x: Any) -> Any:
            out, _state = self.lstm(x)
            return self.head(out[:, -1])

    torch.manual_seed(2)
    model = Reader()
    return model, lambda x: (model(x) ** 2).mean(), (torch.randn(2, 7, 3),)


def transformer() -> tuple[Any, Callable[..., Any], tuple[Any, ...]]:
    """Two layers of a transformer's encoder, in training: dropout draws."""
    torch.manual_seed(3)
    nn = torch.nn
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 2)
    return model, lambda x: model(x).abs().mean(), (torch.randn(2, 5, 16),)


MODELS = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer}
