"""Train a small language model for a fixed budget and print val_bpb: the file that experiments edit.

    python train.py [--budget tokens:N|seconds:N] [--seed N] [--device auto|cpu|cuda|mps] [--threads N]

Model, optimizer, schedule and loop are here; data, budget, score and report are in text/, which no
experiment edits. Each profile has a block of constants of its own, and PROFILE says which one is in use; what
follows the blocks knows of no profile. Importing this file trains nothing.
"""

from __future__ import annotations

import gc
import importlib.util
import math
import warnings
from collections import defaultdict
from typing import cast


with warnings.catch_warnings():  # torch warns if there is no NumPy; nothing here needs it
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    import torch

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, linear, relu, rms_norm, scaled_dot_product_attention

from text.trials.training import run_trial
from text.trials.trial import Trial


# What to tune -------------------------------------------------------------------------------------
# One literal a line. "search: LOW..HIGH" or "search: A | B | C" at its end is what the seeded search may try.

PROFILE = "small"  # "small": the embedded text or your own, any computer; "full": climbmix, one big GPU

if PROFILE == "small":
    DEPTH = 2  # layers
    DIM = 64  # width of the residual stream
    HEADS = 2  # attention heads; DIM / HEADS must be even
    BIGRAMS = 65_536  # embeddings of a token with the one before it, shared by a hash   search: 16384..131072
    WINDOWS = "all"  # how many tokens back each layer looks, in turns; the last layer looks at all
    MLP_RATIO = 4  # hidden width of the MLP, in DIMs   search: 3 | 4 | 5 | 6
    ROPE_BASE = 10_000.0  # longest wavelength of the positions, over 2 pi, in tokens   search: 500..200000
    QUERY_SCALE = 1.2  # sharpens attention after queries and keys are normalised   search: 0.8..2.0
    SOFTCAP = 0.0  # logits stay within +-SOFTCAP; 0 = no cap
    INIT_SCALE = 1.0  # of the matrices, in units of 1/sqrt(DIM)
    X0_LAMBDA = 0.1  # how much of the embedding each layer is given again, at first   search: 0.02..0.4

    ROWS = 16  # rows of a step (a row is 128 tokens)   search: 8 | 12 | 16 | 24
    ROWS_AT_ONCE = 64  # rows that fit into memory; a step takes several passes if ROWS is more
    MATRIX_LR = 0.03  # peak learning rate of Muon   search: 0.01..0.1
    MATRIX_DECAY = 0.1  # weight decay of the matrices, falling to 0 with the budget   search: 0.02..0.4
    MOMENTUM = 0.95  # of Muon   search: 0.85 | 0.9 | 0.95 | 0.97
    MOMENTUM_WARMUP = 1  # steps over which the momentum rises from 0.85
    VARIANCE_DECAY = 0.95  # NorMuon: memory of the size of each neuron's update
    EMBED_LR = 0.3  # peak learning rate of the embedding, at width 768   search: 0.1..1.0
    EMBED_DECAY = 0.0  # weight decay of the embedding
    SMEAR_LR = 0.02  # of how much of the token before flows into each channel; 0 = nothing does
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
else:
    # Source: the 125 experiments on one H100 that took upstream from 0.9979 to 0.9697 (its branch
    # exp/H100/mar8; "dN": what a change gained there, in thousandths of val_bpb), repeated in its issue 243
    # and pull request 244 at width 512 (0.9771). The score is untested here.
    DEPTH = 9  # d4.3, with the width
    DIM = 640  # 9 * 57, rounded up to a multiple of the head's 128
    HEADS = 5
    BIGRAMS = 0  # none; untested there, as is smear
    WINDOWS = "256 256 256 256 all"  # d0.9 for 256 over 1024, d0.3 for four of them over three, and cheaper
    MLP_RATIO = 4  # search: 3 | 4 | 5
    ROPE_BASE = 200_000.0  # d1.2 over 10,000; 150,000 and 300,000 were worse   search: 50000..500000
    QUERY_SCALE = 1.0  # 1.15 to 1.2 is untested there   search: 0.8..1.6
    SOFTCAP = 15.0  # upstream's   search: 0.0 | 10.0 | 15.0 | 20.0 | 30.0
    INIT_SCALE = 0.68  # d0.6 over 1   search: 0.4..1.2
    X0_LAMBDA = 0.05  # d0.8 over 0.1; 0 was worse by 3.8   search: 0.01..0.2

    ROWS = 128  # of 2,048 tokens, 2^18 a step: d11.9 over 2^19   search: 64 | 96 | 128 | 192
    ROWS_AT_ONCE = 128  # 64 GiB at the peak (H100, 2026-11); halved below 70 GB of GPU memory
    MATRIX_LR = 0.04  # upstream's   search: 0.015..0.1
    MATRIX_DECAY = 0.2  # upstream's; d5.5 for sparing signs that disagree   search: 0.05..0.5
    MOMENTUM = 0.95  # search: 0.9 | 0.93 | 0.95 | 0.97
    MOMENTUM_WARMUP = 200  # steps; 300 is as good
    VARIANCE_DECAY = 0.95  # search: 0.9 | 0.95 | 0.98
    EMBED_LR = 0.9  # d3.3 for 0.8 over 0.6, d0.5 for 0.9 once it decays   search: 0.4..1.6
    EMBED_DECAY = 0.001  # d0.1
    SMEAR_LR = 0.0
    VALUE_LR = 0.9  # search: 0.4..1.6
    VALUE_DECAY = 0.003  # d1.6
    HEAD_LR = 0.005  # d1.1 over 0.004   search: 0.002..0.01
    HEAD_DECAY = 0.01  # d0.1
    X0_LR = 0.5
    RESID_LR = 0.005
    ADAM_BETA1 = 0.8
    ADAM_BETA2 = 0.95  # search: 0.9 | 0.95 | 0.98
    WARMDOWN = 0.75  # d0.9 over 0.5; pull request 158 found 0.7 too   search: 0.5..0.95
    FINAL_LR = 0.05  # d0.6 over 0; 0.1 was worse by 1.6

AMPERE, HOPPER, BLACKWELL = (8, 0), (9, 0), (10, 0)  # CUDA compute capabilities
SMALL_GPU = 70e9  # bytes of memory; on less, a pass takes half the rows


# Model --------------------------------------------------------------------------------------------
# Parameters are float32; what flows is of the model's dtype. B rows of T tokens are in a batch.


def norm(x: Tensor) -> Tensor:
    """Scale the last dimension to a root mean square of one."""
    return rms_norm(x, (x.shape[-1],))


def project(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply (..., columns) with a weight of (rows, columns), in the type of what flows."""
    return linear(x, weight.to(x.dtype))


def previous(x: Tensor) -> Tensor:
    """Return what stands one place earlier in each row, and zeros in the first; (B, T) or (B, T, dim)."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


def rotate(x: Tensor, cos_sin: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair of channels by an angle that grows with the position; (B, T, heads, head_dim)."""
    cos, sin = cos_sin
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def choose_attention(device: str, capability: tuple[int, int], *, has_fa3: bool) -> str:
    """Name the attention kernel: the fastest there is that knows windows.

    On a GPU never with a mask: on an H100 that takes 2.6 times as long as attending to everything (2026-11).
    """
    if device == "cpu":
        return "sdpa"
    if device != "cuda" or capability < AMPERE:
        return "sdpa-full"  # every window is all
    return "varlen-fa3" if HOPPER <= capability < BLACKWELL and has_fa3 else "varlen-fa2"


def attend(q: Tensor, k: Tensor, v: Tensor, window: int, kernel: str) -> Tensor:
    """Attend to the token itself and `window` tokens before it; all tensors are (B, T, heads, head_dim)."""
    B, T = q.shape[:2]
    if kernel.startswith("varlen") and window < T:
        from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - CUDA only

        starts = torch.arange(0, (B + 1) * T, T, dtype=torch.int32, device=q.device)
        q, k, v = (x.flatten(0, 1) for x in (q, k, v))  # (B * T, heads, head_dim)
        out = cast("Tensor", varlen_attn(q, k, v, starts, starts, T, T, window_size=(window, 0)))
        return out.view(B, T, *out.shape[1:])
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))  # (B, heads, T, head_dim)
    if window >= T or kernel == "sdpa-full":
        # 1.8 ms for 32 rows of 2,048, forward and backward; varlen_attn takes 2.9 (H100, 2026-11).
        out = scaled_dot_product_attention(q, k, v, is_causal=True)
    else:
        position = torch.arange(T, device=q.device)
        back = position[:, None] - position  # (T, T): how far behind the row the column is
        out = scaled_dot_product_attention(q, k, v, attn_mask=(back >= 0) & (back <= window))
    return out.transpose(1, 2)


class Block(nn.Module):
    """Attention, then a squared-ReLU MLP; both add to the residual stream, at first nothing."""

    def __init__(self, *, has_values: bool) -> None:
        super().__init__()
        self.qkv = uniform(3, DIM, DIM, scale=INIT_SCALE)
        self.out = nn.Parameter(torch.zeros(DIM, DIM))
        self.up = uniform(MLP_RATIO * DIM, DIM, scale=INIT_SCALE)
        self.down = nn.Parameter(torch.zeros(DIM, MLP_RATIO * DIM))
        self.gate = nn.Parameter(torch.zeros(HEADS, 32)) if has_values else None

    def forward(
        self, x: Tensor, values: Tensor | None, cos_sin: tuple[Tensor, Tensor], window: int, kernel: str
    ) -> Tensor:
        """Take and return the residual stream, (B, T, dim); `values` are as large, or None."""
        B, T, _ = x.shape
        h = norm(x)
        qkv = project(h, self.qkv.flatten(0, 1))  # (B, T, 3 * dim)
        q, k, v = qkv.view(B, T, 3, HEADS, -1).unbind(2)  # each (B, T, heads, head_dim)
        if self.gate is not None and values is not None:
            gate = 2 * torch.sigmoid(project(h[..., :32], self.gate))  # (B, T, heads), at first 1
            v = v + gate.unsqueeze(-1) * values.view_as(v)
        q = norm(rotate(q, cos_sin)) * QUERY_SCALE
        k = norm(rotate(k, cos_sin))
        y = attend(q, k, v, window, kernel).flatten(2)  # (B, T, dim)
        x = x + project(y, self.out)
        h = relu(project(norm(x), self.up)).square()  # (B, T, MLP_RATIO * dim)
        return x + project(h, self.down)


class Model(nn.Module):
    """A transformer with rotary positions, value embeddings in every second layer, and an untied head."""

    cos: Tensor
    sin: Tensor

    def __init__(
        self, vocab: int, seq_len: int, kernel: str = "sdpa", dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.kernel, self.dtype = kernel, dtype
        self.windows = windows(seq_len)
        has_values = [(DEPTH - 1 - layer) % 2 == 0 for layer in range(DEPTH)]  # so the last one has
        self.embed = nn.Parameter(torch.randn(vocab, DIM))
        self.bigrams = nn.Parameter(torch.zeros(BIGRAMS, DIM)) if BIGRAMS else None
        self.smear = nn.Parameter(torch.zeros(DIM)) if SMEAR_LR else None
        self.blocks = nn.ModuleList(Block(has_values=has) for has in has_values)
        self.values = nn.ParameterList(uniform(vocab, DIM, scale=1.0) for has in has_values if has)
        self.head = nn.Parameter(0.001 * torch.randn(vocab, DIM))
        self.resid = nn.Parameter(torch.ones(DEPTH))
        self.x0 = nn.Parameter(torch.full((DEPTH,), X0_LAMBDA))
        pairs = DIM // HEADS // 2
        frequency = ROPE_BASE ** -(torch.arange(pairs) / pairs)
        angle = torch.arange(seq_len)[:, None, None] * frequency  # (seq_len, 1, pairs): all heads alike
        self.register_buffer("cos", angle.cos().to(dtype), persistent=False)
        self.register_buffer("sin", angle.sin().to(dtype), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, float32 of shape (B, T, vocab), for tokens of shape (B, T)."""
        T = tokens.shape[1]
        cos_sin = self.cos[:T], self.sin[:T]
        x = x0 = self.embedded(tokens)  # (B, T, dim)
        values = iter(self.values)
        for i, block in enumerate(self.blocks):
            x = (self.resid[i] * x + self.x0[i] * x0).to(self.dtype)
            value = embedding(tokens, next(values)).to(self.dtype) if block.gate is not None else None
            x = block(x, value, cos_sin, self.windows[i], self.kernel)
        logits = project(norm(x), self.head).float()  # (B, T, vocab)
        return SOFTCAP * torch.tanh(logits / SOFTCAP) if SOFTCAP else logits

    def embedded(self, tokens: Tensor) -> Tensor:
        """Return what enters the first layer, (B, T, dim): of a token and of those just before it."""
        x = embedding(tokens, self.embed)
        if self.bigrams is not None:
            place = (tokens * 36_313 ^ previous(tokens) * 27_191) % BIGRAMS  # two primes scatter the pairs
            x = x + embedding(place, self.bigrams)
        x = norm(x.to(self.dtype))
        if self.smear is not None:
            x = x + self.smear.to(self.dtype) * previous(x)
        return x

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy, in nats a token."""
        return cross_entropy(self(tokens).flatten(0, 1), targets.flatten())

    def flops_per_token(self) -> float:
        """Estimate the operations of forward and backward: six a weight that multiplies, and attention's."""
        weights = sum(p.numel() for p in [*self.blocks.parameters(), self.head])
        return 6.0 * weights + 12.0 * DIM * sum(self.windows)


def windows(seq_len: int) -> list[int]:
    """Return how many tokens back each layer looks."""
    sizes = [seq_len if size == "all" else int(size) for size in WINDOWS.split()]
    by_layer = [sizes[layer % len(sizes)] for layer in range(DEPTH)]
    return [*by_layer[:-1], seq_len]


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
    """Return the nearest semi-orthogonal matrices, about: (..., rows, columns), in bfloat16 on CUDA."""
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x  # (..., the smaller side, the larger)
    x = x.bfloat16() if x.is_cuda else x
    x = x / (1.01 * x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in POLAR:
        gram = x @ x.mT
        polynomial = b / 1.01**3 * gram + c / 1.01**5 * gram @ gram
        x = a / 1.01 * x + polynomial @ x
    return (x.mT if tall else x).float()


class Muon:
    """Momentum, made orthogonal, then evened out over the neurons (NorMuon); decay where signs agree."""

    def __init__(self, matrices: list[nn.Parameter]) -> None:
        self.matrices = matrices  # n of one shape, (..., rows, columns)
        rows, columns = matrices[0].shape[-2:]
        self.lr = MATRIX_LR * max(1.0, rows / columns) ** 0.5
        self.neurons = -1 if rows >= columns else -2  # the dimension that a neuron's weights lie along
        self.momentum = torch.zeros_like(torch.stack(list(matrices)), requires_grad=False)
        self.variance = torch.zeros_like(self.momentum.mean(self.neurons, keepdim=True))

    def step(self, number: int, progress: float, multiplier: float) -> None:
        """Update the matrices; steps are counted from one."""
        momentum = 0.85 + (MOMENTUM - 0.85) * min(1.0, (number - 1) / MOMENTUM_WARMUP)
        grad = torch.stack([cast("Tensor", p.grad) for p in self.matrices])
        self.momentum.lerp_(grad, 1 - momentum)
        update = orthogonalise(grad.lerp(self.momentum, momentum))
        size = update.norm(dim=(-2, -1), keepdim=True)
        self.variance.lerp_(update.square().mean(self.neurons, keepdim=True), 1 - VARIANCE_DECAY)
        update = update * self.variance.clamp_min(1e-10).rsqrt()
        # In the first step qkv and up have no gradient, since out and down are zero: 0 / 0 without the clamp.
        update *= size / update.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-10)
        lr, decay = self.lr * multiplier, MATRIX_DECAY * (1 - progress)
        for p, u in zip(self.matrices, update, strict=True):
            agrees = u * p > 0
            p.sub_(lr * (u + decay * p * agrees))


class Adam:
    """AdamW of one tensor."""

    def __init__(self, p: nn.Parameter, lr: float, betas: tuple[float, float], decay: float = 0.0) -> None:
        self.p, self.lr, self.betas, self.decay = p, lr, betas, decay
        self.mean, self.square = torch.zeros_like(p), torch.zeros_like(p)

    def step(self, number: int, _progress: float, multiplier: float) -> None:
        """Update the tensor; steps are counted from one."""
        grad, lr = cast("Tensor", self.p.grad), self.lr * multiplier
        beta1, beta2 = self.betas
        self.mean.lerp_(grad, 1 - beta1)
        self.square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        deviation = (self.square / (1 - beta2**number)).sqrt_().add_(1e-10)
        self.p.mul_(1 - lr * self.decay)
        self.p.addcdiv_(self.mean, deviation, value=-lr / (1 - beta1**number))


def make_optimizers(model: Model) -> list[Muon | Adam]:
    """Give every parameter its optimizer: Muon for the matrices of the blocks, Adam for all else."""
    width = (DIM / 768) ** -0.5  # Adam's learning rates are given at width 768
    betas = (ADAM_BETA1, ADAM_BETA2)
    by_shape: defaultdict[torch.Size, list[nn.Parameter]] = defaultdict(list)
    gates: list[nn.Parameter] = []
    for name, p in model.blocks.named_parameters():
        (gates if name.endswith("gate") else by_shape[p.shape]).append(p)
    optimizers: list[Muon | Adam] = [
        *(Muon(matrices) for matrices in by_shape.values()),
        *(Adam(gate, VALUE_LR * 0.01, betas) for gate in gates),
        Adam(model.embed, EMBED_LR * width, betas, EMBED_DECAY),
        *(Adam(value, VALUE_LR * width, betas, VALUE_DECAY) for value in model.values),
        Adam(model.head, HEAD_LR * width, betas, HEAD_DECAY),
        Adam(model.resid, RESID_LR, betas),
        Adam(model.x0, X0_LR, (0.96, 0.95)),
    ]
    if model.bigrams is not None:
        optimizers.append(Adam(model.bigrams, EMBED_LR * width, betas))
    if model.smear is not None:
        optimizers.append(Adam(model.smear, SMEAR_LR, betas))
    return optimizers


def lr_multiplier(progress: float) -> float:
    """Return 1, until the warm-down takes it in a line to FINAL_LR. Warm-ups only lost, at every scale."""
    left = min(1.0, (1 - progress) / WARMDOWN)
    return left + (1 - left) * FINAL_LR


# Training -----------------------------------------------------------------------------------------


def build(vocab: int, seq_len: int, device: torch.device) -> Model:
    """Return the model, untrained, with the attention kernel that suits the device.

    evaluate.py calls it too, and loads the weights of the one that was trained.
    """
    on_cuda = device.type == "cuda"
    capability = torch.cuda.get_device_capability() if on_cuda else (0, 0)
    has_fa3 = importlib.util.find_spec("flash_attn_interface") is not None
    kernel = choose_attention(device.type, capability, has_fa3=has_fa3)
    if kernel == "varlen-fa3":
        from torch.nn.attention import activate_flash_attention_impl  # noqa: PLC0415 - Hopper only

        activate_flash_attention_impl("FA3")
    dtype = torch.bfloat16 if capability >= AMPERE else torch.float32
    return Model(vocab, seq_len, kernel, dtype).to(device)


def passes_of_a_step(device: torch.device) -> int:
    """Return in how many passes the rows of a step fit into memory."""
    small = device.type == "cuda" and torch.cuda.get_device_properties(device).total_memory < SMALL_GPU
    return math.ceil(ROWS / (ROWS_AT_ONCE // 2 if small else ROWS_AT_ONCE))


def train(trial: Trial) -> Model:
    """Train until the trial hands out no more batches; return the model."""
    model = build(trial.data.vocab, trial.data.seq_len, trial.device)
    optimizers = make_optimizers(model)
    trial.begin(
        num_params=sum(p.numel() for p in model.parameters()),
        depth=DEPTH,
        attention=model.kernel,
        flops_per_token=model.flops_per_token(),
    )
    # On a CPU compiling takes half a minute to eight, for 7% (2026-11): off.
    loss_of = torch.compile(model.loss, dynamic=False) if trial.device.type == "cuda" else model.loss
    passes = passes_of_a_step(trial.device)
    loss = torch.zeros((), device=trial.device)
    for number, (tokens, targets) in enumerate(trial.batches(ROWS // passes), start=1):
        part = loss_of(tokens, targets) / passes
        part.backward()  # type: ignore[no-untyped-call]
        loss += part.detach()
        if number % passes:
            continue
        progress = trial.progress
        multiplier = lr_multiplier(progress)
        step(optimizers, number // passes, progress, multiplier)
        model.zero_grad()
        trial.log_step(loss, multiplier)
        loss = torch.zeros_like(loss)
        if number == passes:  # what lives now lives to the end: a collection would only stop the loop
            gc.collect()
            gc.freeze()
    return model.eval()


@torch.no_grad()
def step(optimizers: list[Muon | Adam], number: int, progress: float, multiplier: float) -> None:
    """Take one step of every optimizer; steps are counted from one."""
    for optimizer in optimizers:
        optimizer.step(number, progress, multiplier)


if __name__ == "__main__":
    raise SystemExit(run_trial(train, __file__, PROFILE))
