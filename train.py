"""Train a small language model for a fixed budget and print val_bpb: the file that experiments edit.

    python train.py [--budget tokens:N|seconds:N] [--seed N] [--device auto|cpu|cuda|mps] [--threads N]

Model, optimizer, schedule and loop are here; data, budget, score and report are in text/, which no
experiment edits. The constants below are for the small profile (the embedded text, any computer); a constant
FULL_X takes the place of X for the full profile (climbmix, one big GPU). Importing this file trains nothing.
"""

from __future__ import annotations

import gc
import importlib.util
import math
import warnings
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, cast


with warnings.catch_warnings():  # torch warns if there is no NumPy; nothing here needs it
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    import torch

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, linear, relu, rms_norm, scaled_dot_product_attention

from text.training import run_trial
from text.trial import Trial


if TYPE_CHECKING:
    from collections.abc import Callable

# What to tune -------------------------------------------------------------------------------------
# One literal a line. "search: LOW..HIGH" or "search: A | B | C" at its end is what the seeded search may try.

DEPTH = 2  # layers
DIM = 64  # width of the residual stream
HEADS = 2  # attention heads; DIM / HEADS must be even
WINDOW = "L"  # per layer, repeated: L sees all that came before, S SHORT_WINDOW tokens; the last layer is L
SHORT_WINDOW = 64  # tokens
MLP_RATIO = 4  # hidden width of the MLP, in DIMs   search: 3 | 4 | 5 | 6
ROPE_BASE = 10_000.0  # longest wavelength of the positions, over 2 pi, in tokens   search: 500..200000
QUERY_SCALE = 1.2  # sharpens attention after queries and keys are normalised   search: 0.8..2.0
SOFTCAP = 0.0  # logits stay within +-SOFTCAP; 0 = no cap
INIT_SCALE = 1.0  # of the matrices, in units of 1/sqrt(DIM)
X0_LAMBDA = 0.1  # how much of the embedding is added again before each layer, at first   search: 0.02..0.4

ROWS = 16  # rows of a step (a row is 128 tokens)   search: 8 | 12 | 16 | 24
ROWS_AT_ONCE = 64  # rows that fit into memory; a step takes several passes if ROWS is more
MATRIX_LR = 0.03  # peak learning rate of Muon   search: 0.01..0.1
MATRIX_DECAY = 0.1  # weight decay of the matrices at first, falling to 0 with the budget   search: 0.02..0.4
MOMENTUM = 0.95  # of Muon   search: 0.85 | 0.9 | 0.95 | 0.97
MOMENTUM_WARMUP = 1  # steps over which the momentum rises from 0.85
VARIANCE_DECAY = 0.95  # NorMuon: memory of the size of each neuron's update
EMBED_LR = 0.3  # peak learning rate of the embedding, at width 768   search: 0.1..1.0
EMBED_DECAY = 0.0  # weight decay of the embedding
VALUE_LR = 0.3  # the same for the value embeddings   search: 0.1..1.0
VALUE_DECAY = 0.0
HEAD_LR = 0.008  # the same for the output head   search: 0.003..0.012
HEAD_DECAY = 0.0
X0_LR = 0.5  # of the weights of the embedding in each layer
RESID_LR = 0.005  # of the weights of the residual stream in each layer
ADAM_BETA1 = 0.8  # Adam: memory of the gradient
ADAM_BETA2 = 0.95  # Adam: memory of its square   search: 0.9 | 0.95 | 0.98
WARMDOWN = 0.6  # last part of the budget, over which learning rates fall   search: 0.3..0.9
FINAL_LR = 0.05  # what they fall to, in peaks   search: 0.0 | 0.02 | 0.05 | 0.1

# Where the full profile differs. Source: the 125 experiments on one H100 that took upstream from 0.9979 to
# 0.9697 (its branch exp/H100/mar8; "dN": what a change gained there, in thousandths of val_bpb), repeated in
# its issue 243 and pull request 244 at width 512 (0.9771). Untested here: there was no such GPU.
FULL_DEPTH = 9  # d4.3, with the width
FULL_DIM = 640  # 9 * 57, rounded up to a multiple of the head's 128
FULL_HEADS = 5
FULL_WINDOW = "SSSSL"  # d0.3 over SSSL, and cheaper
FULL_SHORT_WINDOW = 256  # d0.9 over 1024, and cheaper
FULL_ROPE_BASE = 200_000.0  # d1.2 over 10,000; 150,000 and 300,000 were worse
FULL_QUERY_SCALE = 1.0  # 1.15 to 1.2 is untested there
FULL_SOFTCAP = 15.0  # upstream's
FULL_INIT_SCALE = 0.68  # d0.6 over 1
FULL_X0_LAMBDA = 0.05  # d0.8 over 0.1; 0 was worse by 3.8
FULL_ROWS = 128  # of 2,048 tokens, 2^18 a step: d11.9 over 2^19
FULL_ROWS_AT_ONCE = 128  # 60 GB; halved below 70 GB of GPU memory
FULL_MATRIX_LR = 0.04  # upstream's
FULL_MATRIX_DECAY = 0.2  # upstream's; d5.5 for decaying only where the update agrees in sign
FULL_MOMENTUM_WARMUP = 200  # steps; 300 is as good
FULL_EMBED_LR = 0.9  # d3.3 for 0.8 over 0.6, d0.5 for 0.9 once it decays
FULL_EMBED_DECAY = 0.001  # d0.1
FULL_VALUE_LR = 0.9
FULL_VALUE_DECAY = 0.003  # d1.6
FULL_HEAD_LR = 0.005  # d1.1 over 0.004
FULL_HEAD_DECAY = 0.01  # d0.1
FULL_WARMDOWN = 0.75  # d0.9 over 0.5; pull request 158 found 0.7 too
FULL_FINAL_LR = 0.05  # d0.6 over 0; 0.1 was worse by 1.6


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The constants above, for one profile."""

    depth: int
    dim: int
    heads: int
    window: str
    short_window: int
    mlp_ratio: int
    rope_base: float
    query_scale: float
    softcap: float
    init_scale: float
    x0_lambda: float
    rows: int
    rows_at_once: int
    matrix_lr: float
    matrix_decay: float
    momentum: float
    momentum_warmup: int
    variance_decay: float
    embed_lr: float
    embed_decay: float
    value_lr: float
    value_decay: float
    head_lr: float
    head_decay: float
    x0_lr: float
    resid_lr: float
    adam_beta1: float
    adam_beta2: float
    warmdown: float
    final_lr: float


def recipe(profile: str) -> Recipe:
    """Return the constants of a profile, `small` or `full`."""
    constants = {name.lower(): value for name, value in globals().items() if name.isupper()}
    if profile == "full":
        constants |= {name[5:]: value for name, value in constants.items() if name.startswith("full_")}
    return Recipe(**{field.name: constants[field.name] for field in fields(Recipe)})


AMPERE, HOPPER, BLACKWELL = (8, 0), (9, 0), (10, 0)  # CUDA compute capabilities
FITS_FULL = 70e9  # bytes of GPU memory that the full profile's 128 rows need


# Model --------------------------------------------------------------------------------------------


def choose_attention(device: str, capability: tuple[int, int], *, has_fa3: bool) -> str:
    """Name the attention kernel: the fastest there is that knows windows.

    On a GPU never with a mask: that is 28% slower than attending to everything (A100, nanochat's log).
    """
    if device == "cpu":
        return "sdpa"
    if device != "cuda" or capability < AMPERE:
        return "sdpa-full"  # every window is L
    return "varlen-fa3" if HOPPER <= capability < BLACKWELL and has_fa3 else "varlen-fa2"


def attend(q: Tensor, k: Tensor, v: Tensor, window: int, kernel: str) -> Tensor:
    """Attend to the token itself and `window` tokens before it; all tensors are (B, T, heads, head_dim)."""
    rows, length = q.shape[:2]
    if kernel.startswith("varlen"):
        from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - CUDA only

        starts = torch.arange(0, (rows + 1) * length, length, dtype=torch.int32, device=q.device)
        size = (-1, 0) if window >= length else (window, 0)
        flat = q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)
        out = varlen_attn(*flat, starts, starts, length, length, window_size=size)
        return cast("Tensor", out).view_as(q)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    if window >= length or kernel == "sdpa-full":
        return scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
    before = torch.arange(length, device=q.device)
    back = before[:, None] - before
    mask = (back >= 0) & (back <= window)
    return scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)


def norm(x: Tensor) -> Tensor:
    """Scale the last dimension to a root mean square of one."""
    return rms_norm(x, (x.shape[-1],))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of channels by an angle that grows with the position."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Block(nn.Module):
    """Attention, then a squared-ReLU MLP; both add to the residual stream, at first nothing."""

    def __init__(self, r: Recipe, *, has_values: bool) -> None:
        super().__init__()
        self.heads = r.heads
        self.query_scale = r.query_scale
        self.qkv = uniform(3, r.dim, r.dim, scale=r.init_scale)
        self.out = nn.Parameter(torch.zeros(r.dim, r.dim))
        self.up = uniform(r.mlp_ratio * r.dim, r.dim, scale=r.init_scale)
        self.down = nn.Parameter(torch.zeros(r.dim, r.mlp_ratio * r.dim))
        self.gate = nn.Parameter(torch.zeros(r.heads, 32)) if has_values else None

    def forward(
        self, x: Tensor, values: Tensor | None, turn: tuple[Tensor, Tensor], window: int, kernel: str
    ) -> Tensor:
        """Take and return the residual stream, (B, T, dim)."""
        h = norm(x)
        q, k, v = (
            linear(h, self.qkv.flatten(0, 1).to(h.dtype)).view(*h.shape[:2], 3, self.heads, -1).unbind(2)
        )
        if self.gate is not None and values is not None:
            share = 2 * torch.sigmoid(linear(h[..., :32], self.gate.to(h.dtype)))
            v = v + share.unsqueeze(-1) * values.view_as(v)
        q, k = norm(rotate(q, *turn)) * self.query_scale, norm(rotate(k, *turn))
        x = x + linear(attend(q, k, v, window, kernel).flatten(2), self.out.to(h.dtype))
        return x + linear(relu(linear(norm(x), self.up.to(h.dtype))).square(), self.down.to(h.dtype))


class Model(nn.Module):
    """A transformer with rotary positions, value embeddings in every second layer, and an untied head."""

    cos: Tensor
    sin: Tensor

    def __init__(
        self,
        r: Recipe,
        vocab: int,
        seq_len: int,
        kernel: str = "sdpa",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.kernel, self.softcap = kernel, r.softcap
        self.dtype = dtype  # of what flows; the parameters are float32
        self.windows = [
            r.short_window if kind == "S" and layer < r.depth - 1 else seq_len
            for layer, kind in zip(range(r.depth), r.window * r.depth, strict=False)
        ]
        # Every second layer has value embeddings, and so has the last.
        has_values = [(r.depth - 1 - layer) % 2 == 0 for layer in range(r.depth)]
        self.embed = nn.Parameter(torch.randn(vocab, r.dim))
        self.blocks = nn.ModuleList(Block(r, has_values=has) for has in has_values)
        self.values = nn.ParameterList(uniform(vocab, r.dim, scale=1.0) for has in has_values if has)
        self.head = nn.Parameter(0.001 * torch.randn(vocab, r.dim))
        self.resid = nn.Parameter(torch.ones(r.depth))
        self.x0 = nn.Parameter(torch.full((r.depth,), r.x0_lambda))
        pairs = r.dim // r.heads // 2
        angle = torch.arange(seq_len)[:, None] * r.rope_base ** -(torch.arange(pairs) / pairs)
        self.register_buffer("cos", angle.cos()[:, None].to(self.dtype), persistent=False)
        self.register_buffer("sin", angle.sin()[:, None].to(self.dtype), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, float32 of shape (B, T, vocab), for tokens of shape (B, T)."""
        turn = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        x = x0 = norm(embedding(tokens, self.embed).to(self.dtype))
        values = iter(self.values)
        for i, block in enumerate(self.blocks):
            x = (self.resid[i] * x + self.x0[i] * x0).to(self.dtype)
            value = embedding(tokens, next(values)).to(self.dtype) if block.gate is not None else None
            x = block(x, value, turn, self.windows[i], self.kernel)
        logits = linear(norm(x), self.head.to(self.dtype)).float()
        return self.softcap * torch.tanh(logits / self.softcap) if self.softcap else logits

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy, in nats a token."""
        return cross_entropy(self(tokens).flatten(0, 1), targets.flatten())

    def flops_per_token(self) -> float:
        """Estimate the operations of forward and backward: six a weight that multiplies, and attention's."""
        weights = sum(p.numel() for p in [*self.blocks.parameters(), self.head])
        return 6.0 * weights + 12.0 * self.embed.shape[1] * sum(self.windows)


def uniform(*shape: int, scale: float) -> nn.Parameter:
    """Return matrices of uniform noise whose standard deviation is scale / sqrt(columns)."""
    bound = scale * math.sqrt(3 / shape[-1])
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


# Optimizer ----------------------------------------------------------------------------------------

# Polar Express (arXiv 2505.16932): five odd polynomials that take singular values from [0.001, 1] to about 1,
# each damped by the paper's safety factor of 1.01.
POLAR = [
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
]


def orthogonalise(x: Tensor) -> Tensor:
    """Return the nearest semi-orthogonal matrices, about: (n, rows, columns), in bfloat16 on CUDA."""
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x.bfloat16() if x.is_cuda else x
    x = x / (1.01 * x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in POLAR:
        gram = x @ x.mT
        x = a / 1.01 * x + (b / 1.01**3 * gram + c / 1.01**5 * gram @ gram) @ x
    return (x.mT if tall else x).float()


class Muon:
    """Momentum, made orthogonal, then evened out over the neurons (NorMuon); decay where signs agree."""

    def __init__(self, matrices: list[nn.Parameter], r: Recipe) -> None:
        self.matrices, self.r = matrices, r
        rows, columns = matrices[0].shape[-2:]
        self.lr = r.matrix_lr * max(1.0, rows / columns) ** 0.5
        self.along = -1 if rows >= columns else -2
        self.momentum = torch.zeros_like(torch.stack(list(matrices)), requires_grad=False)
        self.variance = torch.zeros_like(self.momentum.mean(self.along, keepdim=True))

    def step(self, number: int, progress: float, multiplier: float) -> None:
        """Update all matrices, which are of one shape."""
        r = self.r
        momentum = 0.85 + (r.momentum - 0.85) * min(1.0, (number - 1) / r.momentum_warmup)
        grad = torch.stack([cast("Tensor", p.grad) for p in self.matrices])
        self.momentum.lerp_(grad, 1 - momentum)
        update = orthogonalise(grad.lerp(self.momentum, momentum))
        size = update.norm(dim=(-2, -1), keepdim=True)
        self.variance.lerp_(update.square().mean(self.along, keepdim=True), 1 - r.variance_decay)
        update = update * self.variance.clamp_min(1e-10).rsqrt()
        # In the first step qkv and up have no gradient, since out and down are zero: 0 / 0 without the clamp.
        update *= size / update.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-10)
        lr, decay = self.lr * multiplier, r.matrix_decay * (1 - progress)
        for p, u in zip(self.matrices, update, strict=True):
            p.sub_(lr * (u + decay * p * (u * p > 0)))


class Adam:
    """AdamW of one tensor."""

    def __init__(self, p: nn.Parameter, lr: float, betas: tuple[float, float], decay: float = 0.0) -> None:
        self.p, self.lr, self.betas, self.decay = p, lr, betas, decay
        self.mean, self.square = torch.zeros_like(p), torch.zeros_like(p)

    def step(self, number: int, _progress: float, multiplier: float) -> None:
        """Update the tensor."""
        grad, lr, (beta1, beta2) = cast("Tensor", self.p.grad), self.lr * multiplier, self.betas
        self.mean.lerp_(grad, 1 - beta1)
        self.square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        deviation = (self.square / (1 - beta2**number)).sqrt_().add_(1e-10)
        self.p.mul_(1 - lr * self.decay)
        self.p.addcdiv_(self.mean, deviation, value=-lr / (1 - beta1**number))


def optimizers(model: Model, r: Recipe) -> list[Muon | Adam]:
    """Give every parameter its optimizer: Muon for the matrices of the blocks, Adam for all else."""
    width = (r.dim / 768) ** -0.5  # Adam's learning rates are given at width 768
    betas = (r.adam_beta1, r.adam_beta2)
    by_shape: defaultdict[torch.Size, list[nn.Parameter]] = defaultdict(list)
    gates: list[nn.Parameter] = []
    for name, p in model.blocks.named_parameters():
        (gates if name.endswith("gate") else by_shape[p.shape]).append(p)
    return [
        *(Muon(matrices, r) for matrices in by_shape.values()),
        *(Adam(gate, r.value_lr * 0.01, betas) for gate in gates),
        Adam(model.embed, r.embed_lr * width, betas, r.embed_decay),
        *(Adam(value, r.value_lr * width, betas, r.value_decay) for value in model.values),
        Adam(model.head, r.head_lr * width, betas, r.head_decay),
        Adam(model.resid, r.resid_lr, betas),
        Adam(model.x0, r.x0_lr, (0.96, 0.95)),
    ]


def lr_multiplier(progress: float, r: Recipe) -> float:
    """Return 1, until the warm-down takes it in a line to `final_lr`. Warm-ups only lost, at every scale."""
    left = min(1.0, (1 - progress) / r.warmdown)
    return left + (1 - left) * r.final_lr


# Training -----------------------------------------------------------------------------------------


def build(r: Recipe, trial: Trial) -> Model:
    """Return the model on the trial's device, with the attention kernel that suits it."""
    device, on_cuda = trial.device, trial.device.type == "cuda"
    capability = torch.cuda.get_device_capability() if on_cuda else (0, 0)
    has_fa3 = importlib.util.find_spec("flash_attn_interface") is not None
    kernel = choose_attention(device.type, capability, has_fa3=has_fa3)
    if kernel == "varlen-fa3":
        from torch.nn.attention import activate_flash_attention_impl  # noqa: PLC0415 - Hopper only

        activate_flash_attention_impl("FA3")
    dtype = torch.bfloat16 if capability >= AMPERE else torch.float32
    return Model(r, trial.data.vocab, trial.data.seq_len, kernel, dtype).to(device)


def rows_at_once(r: Recipe, device: torch.device) -> int:
    """Return the rows of one pass: half of them on a GPU that is too small for the full profile."""
    small = device.type == "cuda" and torch.cuda.get_device_properties(device).total_memory < FITS_FULL
    return min(r.rows, r.rows_at_once // 2 if small else r.rows_at_once)


def train(trial: Trial, r: Recipe | None = None) -> Callable[[Tensor], Tensor]:
    """Train until the trial hands out no more batches; return the model."""
    r = r or recipe(trial.data.profile)
    model = build(r, trial)
    steppers = optimizers(model, r)
    trial.begin(
        num_params=sum(p.numel() for p in model.parameters()),
        depth=r.depth,
        attention=model.kernel,
        flops_per_token=model.flops_per_token(),
        **{field.name: getattr(r, field.name) for field in fields(r) if field.name != "depth"},
    )
    # On a CPU compiling takes half a minute to eight, for 7% (2026-11): off.
    loss_of = torch.compile(model.loss, dynamic=False) if trial.device.type == "cuda" else model.loss
    passes = math.ceil(r.rows / rows_at_once(r, trial.device))
    loss = torch.zeros((), device=trial.device)
    for number, (tokens, targets) in enumerate(trial.batches(r.rows // passes), start=1):
        part = loss_of(tokens, targets) / passes
        part.backward()  # type: ignore[no-untyped-call]
        loss += part.detach()
        if number % passes:
            continue
        progress = trial.progress
        multiplier = lr_multiplier(progress, r)
        step(steppers, number // passes, progress, multiplier)
        model.zero_grad()
        trial.log_step(loss, multiplier)
        loss = torch.zeros_like(loss)
        if number == passes:  # what lives now lives to the end: a collection would only stop the loop
            gc.collect()
            gc.freeze()
    return model.eval()


@torch.no_grad()
def step(steppers: list[Muon | Adam], number: int, progress: float, multiplier: float) -> None:
    """Take one step of every optimizer; steps are counted from one."""
    for stepper in steppers:
        stepper.step(number, progress, multiplier)


if __name__ == "__main__":
    raise SystemExit(run_trial(train, __file__))
