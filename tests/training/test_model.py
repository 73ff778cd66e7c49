import ast
import math

import pytest
import torch
from torch import Tensor

import train
from autoresearch.engine.proposals import changes, constants
from autoresearch.engine.search import learned, search
from autoresearch.events.values import Proposal
from bench import profiles
from text.report import Report
from text.scores.evaluation import evaluate
from text.sets.datasets import Dataset
from text.trials.budget import Budget
from text.trials.trial import Trial


def test_the_full_profile_trains_in_miniature(mini: Dataset) -> None:
    """The full profile, made small, runs the same code: windows, value embeddings, two passes a step."""
    small = {"DEPTH": 5, "DIM": 64, "HEADS": 2, "ROWS": 16, "ROWS_AT_ONCE": 8, "MOMENTUM_WARMUP": 4}
    full = profiles.load("full", WINDOWS="16 16 16 16 all", **small)
    losses: list[float] = []
    budget = Budget.parse("tokens:32768")
    trial = Trial(mini, budget, device="cpu", seed=3, threads=1, report=Report(None))
    log_step = trial.log_step

    def watch(loss: Tensor, lr_multiplier: float) -> None:
        losses.append(loss.item())
        log_step(loss, lr_multiplier)

    trial.log_step = watch  # type: ignore[method-assign]
    model = full.train(trial)
    assert isinstance(model, full.Model)
    assert [16, 16, 16, 16, 128] == model.windows
    assert 3 == len(model.values)
    assert 16 == trial.steps
    assert losses[-1] < losses[0] - 0.5
    assert evaluate(model, mini, trial.device) < 3.5


def test_the_full_profile_fits_together_at_full_size() -> None:
    """Forward and backward of the full profile agree in every shape, with the kernel of a GPU."""
    full = profiles.load("full")
    with torch.device("meta"):
        model = full.Model(8192, 2048, "varlen-fa2", torch.bfloat16)
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
    train.step([train.Muon([matrix])], 1, 0.0, 1.0)
    assert matrix.isfinite().all()


def test_every_parameter_has_one_optimizer() -> None:
    """No parameter of the model is left out, and none is stepped twice."""
    model = train.Model(300, 16)
    stepped = [
        p
        for optimizer in train.make_optimizers(model)
        for p in (optimizer.matrices if isinstance(optimizer, train.Muon) else [optimizer.p])
    ]
    assert {id(p) for p in model.parameters()} == {id(p) for p in stepped}
    assert len(stepped) == len(list(model.parameters()))


def test_learning_rates_hold_and_fall() -> None:
    """The multiplier is one until the warm-down, and ends at the final rate."""
    assert [1.0, 1.0, 0.525, 0.05] == [round(train.lr_multiplier(p), 6) for p in (0.0, 0.4, 0.7, 1.0)]


def test_an_embedding_knows_of_the_tokens_just_before() -> None:
    """A token changes what enters the first layer at its own place and the next two, and nowhere else."""
    torch.manual_seed(0)
    model = train.Model(300, 16)
    assert model.bigrams is not None
    assert model.smear is not None
    torch.nn.init.normal_(model.bigrams)
    torch.nn.init.normal_(model.smear)
    tokens = torch.randint(300, (2, 16))
    other = tokens.clone()
    other[:, 7] = (other[:, 7] + 1) % 300
    change = (model.embedded(tokens) - model.embedded(other)).abs().amax(dim=(0, 2))
    assert [7, 8, 9] == change.nonzero().flatten().tolist()


def test_both_profiles_have_the_same_constants() -> None:
    """Every name in capitals that one profile has, the other has too, and of the same type."""
    small, full = (
        {name: type(value) for name, value in vars(profiles.load(profile)).items() if name.isupper()}
        for profile in ("small", "full")
    )
    assert small == full
    assert (2, 9) == (profiles.load("small").DEPTH, profiles.load("full").DEPTH)


@pytest.mark.parametrize("profile", ["small", "full"])
def test_every_proposal_of_the_search_changes_what_is_trained(profile: str) -> None:
    """Each of the first forty proposals changes one value that the profile in use reads, and no other."""
    source = profiles.SCRIPT.read_bytes().replace(b'PROFILE = "small"', f'PROFILE = "{profile}"'.encode())
    before, found = constants_of(source), []
    for iteration in range(1, 41):
        proposal = search.propose(
            {"train.py": source.decode()},
            trials=[learned.Trial(before={}, after=one.set, gain=0.0) for one in found],
            seed=search.Seed(seed=0, iteration=iteration),
        )
        assert isinstance(proposal, Proposal)
        found.append(proposal)
        after = constants_of(changes.apply(proposal, {"train.py": source}, ("train.py",))["train.py"])
        assert dict(proposal.set) == {name: after[name] for name in after if after[name] != before[name]}


def constants_of(source: bytes) -> dict[str, object]:
    """Return the constants as Python itself sees them."""
    module: dict[str, object] = {"__name__": "train"}
    exec(compile(source, "train.py", "exec"), module)  # noqa: S102 - our own file
    return {name: value for name, value in module.items() if name.isupper()}


@pytest.mark.parametrize("profile", ["small", "full"])
def test_what_the_search_may_try_is_sound(profile: str) -> None:
    """8 to 20 constants say what may be tried; the default is among the choices, or within the range."""
    source = profiles.SCRIPT.read_bytes().replace(b'PROFILE = "small"', f'PROFILE = "{profile}"'.encode())
    found = [one for one in constants.find(source) if "search:" in one.comment]
    assert 8 <= len(found) <= 20
    for one in found:
        values = one.comment.partition("search:")[2]
        if ".." in values:
            low, high = map(float, values.split(".."))
            assert low <= one.value <= high, one.name
        else:
            choices = [ast.literal_eval(choice.strip()) for choice in values.split("|")]
            assert one.value in choices, one.name
            assert {type(one.value)} == {type(choice) for choice in choices}, one.name
