"""Ways in which people save a model of PyTorch."""

import torch
from safetensors.torch import save_file
from torch import nn

from case import pick


def saved(model: nn.Module, rng):
    """A state dict: alone, as an entry, with a prefix, in a Lightning checkpoint, or as safetensors."""
    how = pick(rng, ["state", "entry", "prefix", "lightning", "safetensors"])

    def write(folder):
        state = model.state_dict()
        if how == "safetensors":
            save_file({name: value.contiguous().clone() for name, value in state.items()}, folder / "model.safetensors")
            return "model.safetensors"
        if how == "lightning":
            held = {"state_dict": {f"flow.{name}": value for name, value in state.items()}}
            torch.save({**held, "epoch": 3, "global_step": 90, "pytorch-lightning_version": "2.5.0"}, folder / "last.ckpt")
            return "last.ckpt"
        if how == "prefix":
            state = {f"module.{name}": value for name, value in state.items()}
        torch.save({"model_state_dict": state, "epoch": 3} if how == "entry" else state, folder / "model.pt")
        return "model.pt"

    return write


def state_alone(model: nn.Module):
    """torch.save(model.state_dict())."""

    def write(folder):
        torch.save(model.state_dict(), folder / "model.pt")
        return "model.pt"

    return write


def whole(model: nn.Module):
    """torch.save(model)."""

    def write(folder):
        torch.save(model, folder / "model.pt")
        return "model.pt"

    return write
