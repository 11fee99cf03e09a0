"""Loads state dicts that Flowscope wrote into the libraries that they are for, and compares what they compute.

    python check.py CASES.json

CASES.json lists {name, library, state, io, x}: a safetensors file whose metadata say how to build the module, and an
.npz with z and logdet as Flowscope computes them for its x, or for the x of the .npy. Prints one JSON line a case:
{name, z, logdet, logProb} with the largest differences (log-dets over what is allowed), or {name, error}. Tolerances
are those of the caller.
"""

import json
import sys
import traceback

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file


def build(state):
    with safe_open(state, "pt") as file:
        metadata = file.metadata()
    scope = {}
    exec(metadata["build"], scope)
    flow = scope["flow"]
    flow.load_state_dict(load_file(state), strict=True)
    return flow.eval(), metadata


def latents(library, flow, x):
    """z, log|det dz/dx| and log-density, by the library's own functions; a base distribution that is not standard counts to the flow."""
    if library == "nflows":
        z, logdet = flow._transform(x)
        return z, logdet, flow.log_prob(x)
    if library == "zuko":
        z, logdet = flow().transform.call_and_ladj(x)
        loc, scale = flow.base._buffers["loc"], flow.base._buffers["scale"]
        return (z - loc) / scale, logdet - scale.log().sum(), flow().log_prob(x)
    z, logdet = flow.inverse_and_log_det(x)
    loc, scale = flow.q0.loc, flow.q0.log_scale.exp()
    return (z - loc) / scale, logdet - scale.log().sum(), flow.log_prob(x)


def check(case):
    flow, metadata = build(case["state"])
    io = np.load(case["io"])
    arrays = [io["x"] if "x" in io else np.load(case["x"]), io["z"], io["logdet"]]
    x, z, logdet = (torch.tensor(np.asarray(array, dtype=np.float32)) for array in arrays)
    given = x
    share = torch.tensor(0.0)
    if "standardize" in metadata:
        fitted = json.loads(metadata["standardize"])
        mean, std = (torch.tensor(fitted[name]) for name in ("mean", "std"))
        given = (x - mean) / std
        share = std.log().sum()
    with torch.no_grad():
        theirs, their_logdet, log_prob = latents(case["library"], flow, given)
    expected = (-0.5 * (z.double() ** 2 + np.log(2 * np.pi))).sum(1) + logdet
    allowed = 1e-3 + 1e-5 * logdet.abs()
    return {
        "z": (theirs - z).abs().max().item(),
        "logdet": ((their_logdet - share - logdet).abs() / allowed).max().item(),
        # The square of a latent doubles its error, times its size.
        "logProb": ((log_prob - share - expected).abs() / (allowed + 1e-4 * z.abs().sum(1))).max().item(),
    }


def main():
    torch.set_num_threads(1)
    with open(sys.argv[1]) as file:
        cases = json.load(file)
    for case in cases:
        try:
            answer = check(case)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps({"name": case["name"], **answer}), flush=True)


main()
