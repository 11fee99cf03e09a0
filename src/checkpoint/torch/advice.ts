/** What to do with files that are not read, in the words of whoever has to do it. */
import { UserError } from '../../config/user-error';
import type { UnknownGlobal } from './globals';

const saveStateDict =
  'safetensors.torch.save_model(model, "model.safetensors"), or torch.save(model.state_dict(), "model.pt")';

/** Loading runs what the file says; who re-saves it has to know. */
const trusted = 'Where it was trained, or in Python if you trust the file (loading it runs its code)';

export function refuseGlobal(file: string, { global, root }: UnknownGlobal): UserError {
  if (root) {
    return new UserError(
      `${file}: holds a whole Python object of the class ${global}, not a state dict; only tensors are read, since ` +
        `loading such a file runs code. ${trusted}: model = torch.load("${baseName(file)}", map_location="cpu", ` +
        `weights_only=False); ${saveStateDict}.`,
    );
  }
  return new UserError(
    `${file}: asks for ${global}, which is not part of a state dict; only tensors and plain values are read, since ` +
      `anything else could run code. ${trusted}: checkpoint = torch.load("${baseName(file)}", map_location="cpu", ` +
      `weights_only=False); then save what holds the tensors alone, such as torch.save(checkpoint["state_dict"], ` +
      `"model.pt"), or of a model ${saveStateDict}.`,
  );
}

export function refuseLegacy(file: string, what: string): UserError {
  return new UserError(
    `${file}: is in ${what}; expected the zip format of PyTorch 1.6 and later. Save it again with a newer PyTorch: ` +
      `torch.save(torch.load("${baseName(file)}", map_location="cpu", weights_only=True), "model.pt").`,
  );
}

export function refuseScript(file: string): UserError {
  return new UserError(
    `${file}: is a TorchScript program, not a state dict. Save its tensors: ` +
      `torch.save(torch.jit.load("${baseName(file)}", map_location="cpu").state_dict(), "model.pt").`,
  );
}

export function refusePickle(file: string): UserError {
  return new UserError(
    `${file}: is a plain Python pickle, which is not read, since loading it can run code. Save its tensors with ` +
      `PyTorch or safetensors: torch.save(state_dict, "model.pt").`,
  );
}

/** Either separator, so that a message does not depend on the system that a test runs on. */
function baseName(file: string): string {
  return file.replace(/^.*[/\\]/, '');
}
