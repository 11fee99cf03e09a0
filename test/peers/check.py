"""Loads state dicts that Flowscope wrote into the libraries that they are for, and compares what they compute.

    python check.py CASES.json

CASES.json lists {name, library, state, io, x, context, tolerance}: a safetensors file whose metadata say how to build the
module, and an .npz with z and logdet (of images also log_prob) as Flowscope computes them for its x (and context), or for
those of the .npy files.
With a tolerance the .npz is what the library computed in float64 from the file that became ours: z_f64, logdet_f64,
log_prob_f64; {base} has the loc and scale of normals that became a layer since. Prints one JSON line a case: {name, z, logdet, logProb} with the largest differences (log-dets over what is
allowed), or {name, error}. Tolerances are those of the caller.
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


def latents(library, flow, x, context):
    """z, log|det dz/dx| and log-density, by the library's own functions."""
    if library == "nflows":
        z, logdet = flow._transform(x, context=None if context is None else flow._embedding_net(context))
        return z, logdet, flow.log_prob(x, context=context)
    if library == "zuko":
        given = flow(context)
        z, logdet = given.transform.call_and_ladj(x)
        return z, logdet, given.log_prob(x)
    if library == "senya":
        z, logdet = flow.f(x)
        return z, logdet, flow.log_prob(x)
    if isinstance(getattr(flow, "q0", None), torch.nn.ModuleList):
        # Of several levels, without classes.
        z, logdet = flow.inverse_and_log_det(x)
        return torch.cat([part.flatten(1) for part in z], 1), logdet, flow.log_prob(x, context)
    if context is None:
        z, logdet = flow.inverse_and_log_det(x)
        return z, logdet, flow.log_prob(x)
    z, logdet = flow.inverse_and_log_det(x, context=context)
    return z, logdet, flow.log_prob(x, context=context)


def standardized(flow, z, logdet):
    """With a base of independent normals counted to the flow, so that latents are standard normal."""
    base = getattr(flow, "base", None) or getattr(flow, "q0", None)
    if base is None or not hasattr(base, "loc"):
        return z, logdet
    scale = base.scale if hasattr(base, "scale") else base.log_scale.exp()
    return (z - base.loc) / scale, logdet - scale.log().sum()


def largest(difference):
    return difference.abs().max().item()


def check_imported(case):
    """What the library computes after the way through Flowscope, with what it computed before."""
    flow, _ = build(case["state"])
    io, allowed = np.load(case["io"]), case["tolerance"]
    x, context = (torch.tensor(io[name]) if name in io else None for name in ("x", "context"))
    with torch.no_grad():
        found = latents(case["library"], flow, x, context)
    names = ("z", "logdet", "log_prob")
    expected = {name: torch.tensor(io[f"{name}_f64"]) for name in names if name in allowed}
    if "base" in case:
        loc, scale = (torch.tensor(case["base"][part], dtype=torch.float64) for part in ("loc", "scale"))
        expected["z"] = (expected["z"] - loc) / scale
        expected["logdet"] = expected["logdet"] - scale.log().sum()
    shares = {
        name: largest(value.double() - expected[name]) / allowed[name]
        for name, value in zip(names, found)
        if name in allowed
    }
    # Over the case's own tolerance, times those of the caller.
    return {"z": 1e-4 * shares["z"], "logdet": shares.get("logdet", 0.0), "logProb": shares["log_prob"]}


def check(case):
    if "tolerance" in case:
        return check_imported(case)
    flow, metadata = build(case["state"])
    io = np.load(case["io"])
    arrays = [io["x"] if "x" in io else np.load(case["x"]), io["z"], io["logdet"]]
    x, z, logdet = (torch.tensor(np.asarray(array, dtype=np.float32)) for array in arrays)
    given = x
    context = torch.tensor(np.load(case["context"])) if "context" in case else None
    share = torch.tensor(0.0)
    if "standardize" in metadata:
        fitted = json.loads(metadata["standardize"])
        mean, std = (torch.tensor(fitted[name]) for name in ("mean", "std"))
        features = x.shape[1]
        given = (x - mean[:features]) / std[:features]
        share = std[:features].log().sum()
        if context is not None:
            context = (context - mean[features:]) / std[features:]
    with torch.no_grad():
        theirs, their_logdet, log_prob = latents(case["library"], flow, given, context)
        theirs, their_logdet = standardized(flow, theirs, their_logdet)
    z, theirs = z.flatten(1), theirs.flatten(1)
    if "log_prob" in io:
        # Images, whose latents are those before a learned prior.
        expected = torch.tensor(io["log_prob"]).double()
    else:
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
