"""The seeded search: which constants, which values, and that nothing comes twice."""

from pathlib import Path

import pytest

from autoresearch.engine.proposals import changes
from autoresearch.engine.search.knobs import knobs, only_printed
from autoresearch.engine.search.learned import Trial
from autoresearch.engine.search.search import Seed, propose
from autoresearch.events.values import Proposal, Reason


ANNOTATED = """
MATRIX_LR = 0.03  # for matrices; search: 0.01..0.1
DEPTH = 2  # layers; search: 1..4
WINDOW = "L"  # search: "L" | "SL" | "SSSL"
DECAY = 0.1  # search: -1..1
OTHER = 7
"""
PLAIN = """
DEPTH = 6
LR = 0.02
COMPILE = True
FLAG = True
SEED = 42
ZERO = 0
lower = 3
NAME = "x"
TWICE = 1
TWICE = 2
"""
CASE = Path(__file__).parents[2] / "e2e" / "fixtures" / "upstream_constants.py"


def first(
    source: str, *, seed: int = 0, iteration: int = 1, trials: tuple[Trial, ...] = ()
) -> Proposal | Reason:
    """Return what is proposed for one source."""
    return propose({"train.py": source}, trials=trials, seed=Seed(seed=seed, iteration=iteration))


def run(source: str, *, seed: int = 0, most: int = 200, gain: float = 0.0) -> list[Proposal]:
    """Return everything the search proposes for one source, where nothing is ever better."""
    found: list[Proposal] = []
    for iteration in range(1, most + 1):
        trials = tuple(Trial(before={}, after=one.set, gain=gain) for one in found)
        proposal = first(source, seed=seed, iteration=iteration, trials=trials)
        if not isinstance(proposal, Proposal):
            break
        found.append(proposal)
    return found


def values(source: str, name: str = "A", path: str = "train.py") -> tuple[object, ...]:
    """Return what a constant may be set to."""
    return next((one.values for one in knobs({path: source}) if one.name == name), ())


def names(source: str, path: str = "train.py") -> list[str]:
    """Return what may be turned in a file."""
    return [one.name for one in knobs({path: source})]


def test_only_annotated_constants_are_tried_where_there_are_any() -> None:
    """A comment that says what to search keeps the search to it, and to its bounds."""
    assert names(ANNOTATED) == ["MATRIX_LR", "DEPTH", "WINDOW", "DECAY"]
    assert values(ANNOTATED, "DEPTH") == (1, 3, 4)
    assert values(ANNOTATED, "WINDOW") == ("SL", "SSSL")
    rates = values(ANNOTATED, "MATRIX_LR")
    assert all(isinstance(one, float) and 0.01 <= one <= 0.1 for one in rates)
    assert {0.01, 0.1, 0.042} <= set(rates)
    assert 0.03 not in rates
    assert all(isinstance(one, float) and -1 <= one <= 1 for one in values(ANNOTATED, "DECAY"))


def test_without_annotations_numbers_in_capitals_are_tried() -> None:
    """Numbers are scaled and flags turned; seeds, zeros, names in small letters and texts are left alone."""
    assert names(PLAIN) == ["DEPTH", "LR", "FLAG"]
    assert values(PLAIN, "DEPTH") == (3, 4, 5, 7, 8, 12)
    assert values(PLAIN, "LR") == (0.01, 0.014, 0.017, 0.024, 0.028, 0.04)
    assert values(PLAIN, "FLAG") == (False,)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("A = 2**19\n", (2**18, 2**20)),
        ("A = 128\n", (64, 256)),
        ("A = 0.95\n", (0.9, 0.93, 0.94, 0.958, 0.965, 0.975)),
        ("A = 0.5\n", (0.25, 0.35, 0.42, 0.6, 0.7)),
        ("A = -0.2\n", (-0.1, -0.14, -0.17, -0.24, -0.28, -0.4)),
        ("A = 3\n", (2, 4, 6)),
        ("A = 0.0\n", (0.01, 0.05, 0.1, 0.2)),
        ('A = "SSSL"\n', ("SSL", "SSSSL", "L", "S")),
        ('A = "silu"\n', ()),
        ("A = 64  # search: 16..1024\n", (16, 32, 128, 256, 512, 1024)),
    ],
)
def test_values_keep_what_they_are(source: str, expected: tuple[object, ...]) -> None:
    """Powers of two stay so, fractions stay below one, whole numbers stay whole, and a sign stays."""
    assert expected == values(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("BETAS = (0.8, 0.95)\n", ["BETAS[0]", "BETAS[1]"]),
        ("lr = 0.1\nbatch = 12  # tune\n", ["batch"]),
        ("lr = 0.1  # peak; tune\nbatch = 12\n", ["lr"]),
        ("# all to tune\nlr = 0.1  # in tune with the rest, tune: no\n", []),
        ("LR = 0.1\nCLIP = 1.0  # search: no\n", ["LR"]),
        (
            "@dataclass\nclass One:\n    lr: float = 0.1\n    depth: int = field(default=3)\n",
            ["One.lr", "One.depth"],
        ),
        ("class TrainConfig:\n    lr = 0.1\nclass Model:\n    width = 3\n", ["TrainConfig.lr"]),
        ("class Model:\n    width = 3  # tune\n", ["Model.width"]),
        ("@dataclass\nclass One:\n    lr: float = 0.1\none = One(lr=0.2)\n", []),
        ('p.add_argument("--lr", type=float, default=0.1, help="# of x")\n', ["--lr"]),
        ('@click.option("--lr", "-l", default=0.1)\ndef main(lr): ...\n', ["--lr"]),
        ('def main(lr: float = typer.Option(0.1, "--lr")): ...\n', ["--lr"]),
        ('p.add_argument("--epochs", default=3)\np.add_argument("--seed", default=1)\n', []),
        ("MAX_STEPS = 100\nWARMUP_STEPS = 10\nEVAL_BATCH = 7\n", ["WARMUP_STEPS"]),
        ("PEAK = 989.5e12\nLR = 0.1\n", ["LR"]),
        ("PEAK = 312.0\nLR = 0.1\nmfu = 100 * f / PEAK\nprint(f'mfu: {mfu:.2f}', LR)\nfit(LR)\n", ["LR"]),
        ("PEAK = 312.0\nlogger.info('%s', round(x / PEAK, 2))\nwandb.log({'mfu': x / PEAK})\n", ["PEAK"]),
        ("RATE = 0.1\nprint('loss', abs(RATE - 0.2))\n", ["RATE"]),
        ("SCALE = 3.0\nx = math.log(SCALE)\nfit(x)\n", ["SCALE"]),
        ("SCALE = 3.0\nif SCALE > 2: print(SCALE)\n", ["SCALE"]),
    ],
)
def test_what_people_have_is_found(source: str, expected: list[str]) -> None:
    """Tuples, classes, options and marked names are found, what is no taste is not, and what is only
    reported where there is nothing else."""
    assert expected == names(source)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.yaml", "optim:\n  lr: 3e-4  # peak\n  betas: [0.9, 0.95]\nseed: 1\n", ["optim.lr", "optim.betas[0]", "optim.betas[1]"]),  # noqa: E501
        ("a.yaml", "a:\n  - lr: 0.1\n  - lr: 0.2\ntext: |\n  lr: 3\nlr: 0.5\n", ["lr"]),
        ("a.toml", 'name = "x"\n[optim]\nlr = 0.1\n[[many]]\nlr = 3.0\n', ["optim.lr"]),
        ("a.json", '{"optim": {"lr": 0.1, "betas": [0.9]}, "name": "x"}', ["optim.lr", "optim.betas[0]"]),
    ],
)  # fmt: skip
def test_configuration_files_have_knobs(path: str, text: str, expected: list[str]) -> None:
    """Numbers of YAML, TOML and JSON files are known by their paths."""
    assert expected == names(text, path)


def test_a_name_in_two_files_is_told_by_its_file() -> None:
    """Where two configurations have one name, the search names the file too, and the change goes there."""
    files = {"conf/adam.yaml": "lr: 0.1\n", "conf/sgd.yaml": "lr: 0.5\n"}
    assert ["conf/adam.yaml:lr", "conf/sgd.yaml:lr"] == [one.name for one in knobs(files)]
    found = propose(files, seed=Seed(seed=0, iteration=1))
    assert isinstance(found, Proposal)
    done = changes.apply(found, {name: text.encode() for name, text in files.items()}, tuple(files))
    assert [next(iter(found.set)).partition(":")[0]] == list(done)


def test_what_is_left_out_as_printed_is_named() -> None:
    """What only reaches a print is named where others are tried, and nothing where it is tried itself."""
    source = "RATE = 0.1\nloss = (RATE - 0.3) ** 2\nprint(loss)\n"
    trains = "WIDTH = 8\nfit(WIDTH)\n"
    assert ("RATE",) == only_printed({"train.py": source + trains})
    assert () == only_printed({"train.py": source})
    assert () == only_printed({"train.py": f"LR = 0.1  # tune\n{source}{trains}"})


def test_what_the_command_gives_is_left_alone() -> None:
    """An option that the training command sets itself is none that turns anything."""
    source = 'p.add_argument("--lr", default=0.1)\np.add_argument("--width", default=3)\n'
    found = knobs({"train.py": source}, train=("python", "train.py", "--lr=0.2"))
    assert ["--width"] == [one.name for one in found]


PROFILES = """
PROFILE = "full"
if PROFILE == "small":
    DEPTH = 2  # search: 1..4
    SHORT = 1  # search: 1..4
else:
    DEPTH = 9  # search: 9..12
"""


def test_only_the_profile_in_use_is_searched() -> None:
    """Nothing is proposed for constants that the profile in use does not read."""
    assert (10, 11, 12) == values(PROFILES, "DEPTH")
    small = PROFILES.replace('"full"', '"small"')
    assert (1, 3, 4) == values(small, "DEPTH")
    assert (2, 3, 4) == values(small, "SHORT")


def test_nothing_comes_twice() -> None:
    """Every proposal is new, until none is left."""
    source = "A = 1  # search: 1..4\nB = 0.1  # search: 0.1 | 0.2 | 0.3\n"
    found = [repr(sorted(one.set.items())) for one in run(source, gain=-1.0)]
    assert len(found) == len(set(found)) == 5


def test_the_constants_take_turns() -> None:
    """As many iterations as there are constants try each of them once, in an order of the seed."""
    orders = {tuple(next(iter(one.set)) for one in run(ANNOTATED, seed=seed, most=4)) for seed in range(20)}
    assert all(sorted(order) == ["DECAY", "DEPTH", "MATRIX_LR", "WINDOW"] for order in orders)
    assert len(orders) > 3


def test_one_history_one_proposal() -> None:
    """The same arguments give the same proposal, and this one for ever."""
    assert run(ANNOTATED, seed=7, most=20) == run(ANNOTATED, seed=7, most=20)
    assert run(ANNOTATED, seed=7, most=20) != run(ANNOTATED, seed=8, most=20)
    found = first("LR = 0.03  # search: 0.01..0.1\n", seed=1)
    assert isinstance(found, Proposal)
    assert found.description == "LR 0.03 -> 0.05"


def test_what_gained_is_gone_on_with() -> None:
    """After a step that gained, and others that lost, the same constant goes on in the same direction."""
    source = "A = 1.0\nB = 1.0\nC = 1.0\n"
    flat = tuple(Trial(before={}, after={name: 1.4}, gain=-1.0) for name in "BC")
    went = Trial(before={}, after={"A": 1.2}, gain=3.0)
    found = first(source.replace("A = 1.0", "A = 1.2"), trials=(*flat, went))
    assert isinstance(found, Proposal)
    assert ["A"] == list(found.set)
    assert found.set["A"] > 1.2


def test_what_was_tried_on_this_code_is_tried_whoever_wrote_the_code() -> None:
    """A constant that an edit has changed, of which no trial tells, does not make an old idea a new one."""
    code = "A = 2.0  # search: 1.0 | 2.0\nC = {}  # search: 4 | 5\n"
    files, at_first = {"train.py": code.format(5)}, {"train.py": code.format(4)}
    told = [Trial(before={}, after={"A": 1.0}, gain=-1.0)]
    seed = Seed(seed=0, iteration=1)
    again = propose(files, at_first=at_first, trials=told, seed=seed)
    assert isinstance(again, Proposal)
    assert {"A": 1.0} == again.set
    through = propose(files, at_first=at_first, trials=told, here=[{"A": 1.0}], seed=seed)
    assert isinstance(through, Reason)


def test_what_crashed_is_not_gone_beyond() -> None:
    """A value that crashed, and all that lie further that way, are not tried of that constant alone."""
    crashed = Trial(before={}, after={"A": 1.2}, gain=None, crashed=True)
    left = {one.set["A"] for one in _all("A = 1.0\n", crashed)}
    assert left == {0.5, 0.7, 0.85}


def _all(source: str, *told: Trial) -> list[Proposal]:
    found: list[Proposal] = []
    while len(found) < 50:
        trials = (*told, *(Trial(before={}, after=one.set, gain=0.0) for one in found))
        one = first(source, trials=trials)
        if not isinstance(one, Proposal):
            return found
        found.append(one)
    return found


def test_a_proposal_says_what_it_does_and_applies() -> None:
    """The words of a proposal name the constant and both values, and its `set` fits the source."""
    found = first("LR = 3e-2  # search: 0.5 | 0.25\n")
    assert isinstance(found, Proposal)
    value = found.set["LR"]
    assert found.description == found.commit_description == f"LR 3e-2 -> {value}"
    files = {"train.py": b"LR = 3e-2  # search: 0.5 | 0.25\n"}
    done = changes.apply(found, files, ("train.py",))
    assert done == {"train.py": f"LR = {value}  # search: 0.5 | 0.25\n".encode()}


def test_what_the_run_began_with_counts_as_tried() -> None:
    """The values of the first source are not proposed again after they were left."""
    now, before = {"train.py": "A = 4  # search: 3..5\n"}, {"train.py": "A = 3  # search: 3..5\n"}
    found = propose(now, at_first=before, seed=Seed(seed=0, iteration=1))
    assert isinstance(found, Proposal)
    assert found.set == {"A": 5}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "search_knows_none"),
        ("not python (", "search_knows_none"),
        ("A = 'x'  # search: 1..2\n", "search_knows_none"),
        ("A = 1  # search: 1e999..2\n", "search_knows_unmarked"),
        ("A = 1  # search: 2.5..2.6\n", "search_knows_unmarked"),
        ("A = 5  # search: 5\n", "search_knows_unmarked"),
        ("A = 5  # search: 'x' | [1]\n", "search_knows_unmarked"),
        ("a = 5  # see the research: 1..9\n", "search_knows_unmarked"),
    ],
)
def test_nothing_to_try_is_said(source: str, code: str) -> None:
    """A source with nothing to tune, or bounds that hold nothing new, gives the reason."""
    found = first(source)
    assert isinstance(found, Reason)
    assert found.code == code
    assert found.inputs["files"] == "train.py"


def test_wide_bounds_stay_within_them() -> None:
    """Bounds over many decades and big integers give values of two digits inside them."""
    rates = values("A = 1e-3  # search: 1e-8..1\n")
    assert 500 < len(rates) <= 721
    assert all(1e-8 <= float(str(one)) <= 1 for one in rates)
    sizes = values("A = 5000  # search: 1_000..1_000_000\n")
    assert all(isinstance(one, int) and 1000 <= one <= 1_000_000 for one in sizes)


def test_the_constants_of_upstream_take_turns() -> None:
    """Of upstream's constants each is tried once before any twice, but for what is only printed."""
    source = CASE.read_text()
    found = [*run(source, most=16)]
    turned = [name for one in found for name in one.set]
    assert len(turned) == len(set(turned)) == 16
    assert {"TOTAL_BATCH_SIZE", "ADAM_BETAS[0]", "ADAM_BETAS[1]", "WINDOW_PATTERN"} <= set(turned)
    assert "H100_BF16_PEAK_FLOPS" not in turned
    for one in found:
        (after,) = changes.apply(one, {"train.py": source.encode()}, ("train.py",)).values()
        told: dict[str, object] = {}
        exec(after.decode().partition("assert")[0], told)  # noqa: S102 - our own file
        if "TOTAL_BATCH_SIZE" in one.set:
            assert told["TOTAL_BATCH_SIZE"] in (2**18, 2**20)
            assert b"TOTAL_BATCH_SIZE = 2**" in after
        if "DEVICE_BATCH_SIZE" in one.set:
            assert told["DEVICE_BATCH_SIZE"] in (64, 256)
        assert told["MOMENTUM"] < 1
