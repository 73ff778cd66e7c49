"""Which cards there are, by nvidia-smi or by what the environment leaves of them."""

import time
from pathlib import Path

import pytest

from autoresearch.engine.system import gpu


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a fake nvidia-smi can be put; no other one is found."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return tmp_path / "nvidia-smi"


def says(smi: Path, script: str) -> None:
    smi.write_text(f"#!/bin/sh\n{script}\n")
    smi.chmod(0o755)


def test_every_card_is_listed(smi: Path):
    """What nvidia-smi lists are the devices, by its own index."""
    says(smi, '[ "$1" = --query-gpu=index ] && printf "0\\n1\\n"')
    assert ("0", "1") == gpu.gpu_names()


@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found", "echo; exit 0", "kill $$"])
def test_no_card_is_none(smi: Path, script: str):
    """A program that fails, or lists nothing, is as good as no program."""
    says(smi, script)
    assert () == gpu.gpu_names()


def test_no_program_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Without nvidia-smi there is no card, and nothing is started to find that out."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert () == gpu.gpu_names()


def test_one_that_hangs_is_no_machine_without_cards(smi: Path, monkeypatch: pytest.MonkeyPatch):
    """A driver that does not answer keeps nobody, and no training goes to the CPU for it: it is named."""
    monkeypatch.setattr(gpu, "LIST_TIMEOUT_S", 0.2)
    says(smi, "exec sleep 60")
    began = time.monotonic()
    with pytest.raises(gpu.CardsUnknown, match="took longer than") as told:
        gpu.gpu_names()
    assert "devices" in str(told.value.remedy)
    assert time.monotonic() - began < 20


def test_one_that_wakes_up_is_heard(smi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A driver that does not answer at first is asked again."""
    monkeypatch.setattr(gpu, "LIST_TIMEOUT_S", 2.0)
    says(smi, f"[ -e {tmp_path}/asked ] && echo 0 && exit; : > {tmp_path}/asked; exec sleep 60")
    assert ("0",) == gpu.gpu_names()


def test_a_card_is_known_by_its_index_and_by_its_uuid(smi: Path):
    """Which model a card is, nvidia-smi says, a name with a comma too; where it does not, nobody knows."""
    says(smi, 'printf "0, GPU-8932, 550.1, NVIDIA H100, PCIe\\n1, GPU-1f3c, 550.1, NVIDIA L4\\n"')
    h100, l4 = "NVIDIA H100, PCIe", "NVIDIA L4"
    found = gpu.gpu_cards()
    assert {"0": h100, "GPU-8932": h100, "1": l4, "GPU-1f3c": l4} == found.models
    assert "550.1" == found.driver
    says(smi, "exit 9")
    assert ({}, "") == (gpu.gpu_cards().models, gpu.gpu_cards().driver)


def test_status_is_kept_from_nothing(smi: Path, monkeypatch: pytest.MonkeyPatch):
    """What the card does now is left out where the driver does not answer."""
    monkeypatch.setattr(gpu, "TIMEOUT_S", 0.2)
    says(smi, "exec sleep 60")
    assert gpu.gpu_now() is None


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1,0", ("1", "0")),
        ("3", ("3",)),
        ("GPU-8932f937-d72c, MIG-3f", ("GPU-8932f937-d72c", "MIG-3f")),
        ("", ()),
        ("-1", ()),
        ("2,-1,0", ("2",)),
    ],
)
def test_what_the_environment_leaves_is_what_there_is(
    smi: Path, monkeypatch: pytest.MonkeyPatch, visible: str, names: tuple[str, ...]
):
    """A runner that was given some cards, as by a scheduler, deals out those, and asks nobody."""
    says(smi, "echo 0; echo 1; echo 2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert names == gpu.gpu_names()
