"""Ways in which people save a model of PyTorch."""

import json

import torch
from safetensors.torch import save_file
from torch import nn

from case import pick


def saved(model: nn.Module, rng):
    """A state dict: alone, as an entry, with a prefix, in a Lightning checkpoint, next to other weights that it is the
    moving average of, as safetensors, or as two of these."""
    how = pick(rng, ["state", "entry", "prefix", "lightning", "averaged", "safetensors", "shards"])

    def write(folder):
        state = model.state_dict()
        if how == "safetensors":
            save_file({name: value.contiguous().clone() for name, value in state.items()}, folder / "model.safetensors")
            return "model.safetensors"
        if how == "shards":
            shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
            places = {name: shards[2 * i >= len(state)] for i, name in enumerate(state)}
            for shard in shards:
                part = {name: value.contiguous().clone() for name, value in state.items() if places[name] == shard}
                save_file(part, folder / shard)
            index = "model.safetensors.index.json"
            (folder / index).write_text(json.dumps({"metadata": {}, "weight_map": places}))
            return pick(rng, [*shards, index])
        if how == "averaged":
            trained = {name: value * 2 if value.is_floating_point() else value for name, value in state.items()}
            torch.save({"state_dict": trained, "ema_state_dict": state}, folder / "model.pt")
            return "model.pt"
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
