"""The effective share of draws of an sbi posterior: by sbi's importance weights, and by ``flowscope check`` of the saved posterior.

``python sbi_posterior.py [DRAWS]`` trains NPE on a Gaussian simulator with a banana, and prints both with the log evidence.
"""

import json
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from sbi.inference import NPE
from sbi.samplers.importance.importance_sampling import importance_sample

ROOT = Path(__file__).resolve().parents[2]
TARGET = '''
import torch


def log_joint(theta, observation):
    """log N(theta; 0, I) + log N(observation; (a, a² + b), 0.3² I)"""
    mean = torch.stack([theta[:, 0], theta[:, 0] ** 2 + theta[:, 1]], 1)
    likelihood = -((observation - mean) ** 2).sum(1) / (2 * 0.3**2)
    return likelihood - (theta**2).sum(1) / 2
'''


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    torch.manual_seed(3)
    theta = torch.randn(4000, 2)
    x = torch.stack([theta[:, 0], theta[:, 0] ** 2 + theta[:, 1]], 1) + 0.3 * torch.randn(4000, 2)
    prior = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    inference = NPE(prior=prior, density_estimator="nsf", show_progress_bars=False)
    inference.append_simulations(theta, x).train(max_num_epochs=40)
    posterior = inference.build_posterior()
    observation = torch.tensor([0.5, -0.3])
    posterior.set_default_x(observation)
    functions = {}
    exec(TARGET, functions)
    _, log_weights = importance_sample(
        lambda theta: functions["log_joint"](theta, observation), posterior, num_samples=draws
    )
    log_weights = log_weights.double()
    weights = torch.exp(log_weights - log_weights.max())
    share = float(weights.sum() ** 2 / (weights**2).sum() / draws)
    evidence = float(torch.logsumexp(log_weights, 0) - torch.log(torch.tensor(float(draws))))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "target.py").write_text(TARGET)
        with open(Path(folder) / "posterior.pkl", "wb") as file:
            pickle.dump(posterior, file)
        command = ["node", ROOT / "dist" / "cli.js", "check", "posterior.pkl", "--target", "target.py:log_joint"]
        options = ["--condition=0.5,-0.3", "--draws", str(draws), "--json", "--quiet"]
        done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
    interval = found["efficiency"]
    print(f"sbi: {share:.4f} of the draws count, log evidence {evidence:.4f}")
    print(
        f"flowscope: {interval['value']:.4f} ({interval['low']:.4f} to {interval['high']:.4f}), "
        f"log evidence {found['logEvidence']['value']:.4f} ± {found['logEvidence']['error']:.4f}"
    )


if __name__ == "__main__":
    main()
