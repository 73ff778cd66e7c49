import ast
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import train
from text.budget import Budget
from text.datasets import Dataset
from text.evaluation import evaluate
from text.report import Report
from text.trial import Trial


def test_the_full_profile_trains_in_miniature(mini: Dataset) -> None:
    """The full recipe, made small, runs the same code: windows, value embeddings, two passes a step."""
    recipe = replace(
        train.recipe("full"),
        depth=5,
        dim=64,
        heads=2,
        short_window=16,
        rows=16,
        rows_at_once=8,
        momentum_warmup=4,
    )
    losses: list[float] = []
    budget = Budget.parse("tokens:32768")
    trial = Trial(mini, budget, device="cpu", seed=3, threads=1, report=Report(None))
    log_step = trial.log_step

    def watch(loss: Tensor, lr_multiplier: float) -> None:
        losses.append(loss.item())
        log_step(loss, lr_multiplier)

    trial.log_step = watch  # type: ignore[method-assign]
    model = train.train(trial, recipe)
    assert isinstance(model, train.Model)
    assert [16, 16, 16, 16, 128] == model.windows
    assert 3 == len(model.values)
    assert 16 == trial.steps
    assert losses[-1] < losses[0] - 0.5
    assert evaluate(model, mini, trial.device) < 3.5


def test_the_full_recipe_fits_together_at_full_size() -> None:
    """Forward and backward of the full profile agree in every shape, with the kernel of a GPU."""
    with torch.device("meta"):
        model = train.Model(train.recipe("full"), 8192, 2048, "varlen-fa2", torch.bfloat16)
        tokens = torch.zeros(2, 2048, dtype=torch.long)
    loss = model.loss(tokens, tokens)
    loss.backward()  # type: ignore[no-untyped-call]
    assert [256, 256, 256, 256, 2048, 256, 256, 256, 2048] == model.windows
    assert all(p.grad is not None and p.grad.shape == p.shape for p in model.parameters())
    assert 5 == len(model.values)


def test_windows_mean_the_same_in_both_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel for GPUs is asked for the window that the mask on the CPU has."""

    def reference(
        q: Tensor,
        k: Tensor,
        v: Tensor,
        starts: Tensor,
        _k: Tensor,
        longest: int,
        _m: int,
        *,
        window_size: tuple[int, int],
    ) -> Tensor:
        left = math.inf if window_size[0] < 0 else window_size[0]
        out = torch.empty_like(q)
        for begin, end in zip(starts.tolist(), starts[1:].tolist(), strict=False):
            for i in range(begin, end):
                j = slice(max(begin, int(i - min(left, longest))), i + 1)
                weight = (torch.einsum("hd,jhd->hj", q[i], k[j]) / math.sqrt(q.shape[-1])).softmax(-1)
                out[i] = torch.einsum("hj,jhd->hd", weight, v[j])
        return out

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", reference)
    q, k, v = torch.randn(3, 2, 12, 2, 8, generator=torch.Generator().manual_seed(0))
    for window in (1, 4, 11, 12):
        torch.testing.assert_close(
            train.attend(q, k, v, window, "sdpa"), train.attend(q, k, v, window, "varlen-fa2")
        )


@pytest.mark.parametrize(
    ("kernel", "device", "capability", "installed"),
    [
        ("sdpa", "cpu", (0, 0), ""),
        ("sdpa", "cpu", (0, 0), "fa3"),
        ("sdpa-full", "mps", (0, 0), ""),
        ("sdpa-full", "cuda", (7, 5), "fa3"),
        ("varlen-fa2", "cuda", (8, 0), ""),
        ("varlen-fa2", "cuda", (8, 9), "fa3"),
        ("varlen-fa2", "cuda", (9, 0), ""),
        ("varlen-fa3", "cuda", (9, 0), "fa3"),
        ("varlen-fa2", "cuda", (10, 0), "fa3"),
    ],
)
def test_the_kernel_suits_the_device(
    kernel: str, device: str, capability: tuple[int, int], installed: str
) -> None:
    """On Hopper it is FlashAttention 3 if installed, else 2 from Ampere on, else all windows are full."""
    assert kernel == train.choose_attention(device, capability, has_fa3=bool(installed))


@pytest.mark.parametrize("shape", [(3, 64, 64), (2, 256, 64), (2, 64, 256)])
def test_orthogonalised_matrices_are_nearly_so(shape: tuple[int, ...]) -> None:
    """After five polynomials the singular values of noise are within a fifth of one."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(train.orthogonalise(x))
    assert 0.8 < values.quantile(0.05).item()
    assert values.max().item() < 1.2


def test_muon_survives_a_gradient_of_zero() -> None:
    """A matrix without gradient, as qkv has in the first step, is left without NaN."""
    matrix = torch.nn.Parameter(torch.randn(8, 4))
    matrix.grad = torch.zeros_like(matrix)
    train.step([train.Muon([matrix], train.recipe("small"))], 1, 0.0, 1.0)
    assert matrix.isfinite().all()


def test_every_parameter_has_one_optimizer() -> None:
    """No parameter of the model is left out, and none is stepped twice."""
    recipe = train.recipe("small")
    model = train.Model(recipe, 300, 16)
    stepped = [
        p
        for s in train.optimizers(model, recipe)
        for p in (s.matrices if isinstance(s, train.Muon) else [s.p])
    ]
    assert {id(p) for p in model.parameters()} == {id(p) for p in stepped}
    assert len(stepped) == len(list(model.parameters()))


def test_learning_rates_hold_and_fall() -> None:
    """The multiplier is one until the warm-down, and ends at the final rate."""
    recipe = train.recipe("small")
    assert [1.0, 1.0, 0.525, 0.05] == [round(train.lr_multiplier(p, recipe), 6) for p in (0.0, 0.4, 0.7, 1.0)]


def test_a_full_constant_takes_the_place_of_a_small_one() -> None:
    """The full profile takes FULL_X where it is there, and X elsewhere; every FULL_X is one of the recipe."""
    small, full = train.recipe("small"), train.recipe("full")
    assert (2, 9) == (small.depth, full.depth)
    assert small.mlp_ratio == full.mlp_ratio
    names = {name.removeprefix("FULL_").lower() for name in vars(train) if name.startswith("FULL_")}
    assert names <= set(vars(small))


def test_what_the_search_may_try_is_sound() -> None:
    """8 to 14 constants say what may be tried; the default is among the choices, or within the range."""
    source = Path(train.__file__).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Z][A-Z0-9_]*) = (\S+)  # .*search: (.+)$", source, re.MULTILINE)
    assert 8 <= len(found) <= 14
    for name, literal, values in found:
        default = ast.literal_eval(literal)
        if ".." in values:
            low, high = map(float, values.split(".."))
            assert low <= default <= high, name
        else:
            choices = [ast.literal_eval(choice) for choice in values.split("|")]
            assert default in choices, name
            assert {type(default)} == {type(choice) for choice in choices}, name
