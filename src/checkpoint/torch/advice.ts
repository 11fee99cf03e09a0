/** What to do with files that are not read, in words for the user who has to do it. */
import { UserError } from '../../base/user-error';
import { looksLike } from '../import/signatures';
import type { UnknownGlobal } from './globals';

/** How to save a model that is in memory. The first keeps tensors that are shared, which save_file of safetensors refuses. */
const saveModel =
  'safetensors.torch.save_model(model, "model.safetensors") or torch.save(model.state_dict(), "model.pt")';

/** What objects of libraries ask for besides their classes. */
const usual = /^(builtins\.(getattr|range|slice|object)|copyreg\._reconstructor|(torch|numpy|sbi|zuko)\..*)$/;

/** @param mentioned names of classes and functions in the file, which tell whose it is */
export function refuseGlobal(
  file: string,
  { global, root }: UnknownGlobal,
  isPickle: boolean,
  mentioned: readonly string[],
): UserError {
  const of = (classes: readonly string[]) => looksLike({ tensors: new Map(), extras: {}, classes });
  const looks = of(mentioned);
  if (looks !== undefined) {
    const isKnown = usual.test(global) || of([global]) !== undefined;
    const warning = ` It also asks for ${global}, which could run code: load it only if you trust the file.`;
    return new UserError(`${file}: ${looks}${isKnown ? '' : warning}`);
  }
  const load = isPickle
    ? `pickle.load(open("${baseName(file)}", "rb"))`
    : `torch.load("${baseName(file)}", map_location="cpu", weights_only=False)`;
  if (root) {
    return new UserError(
      `${file}: contains a whole Python object, ${global}, which is not of a library that Flowscope knows. It is not read, since that would run the code ` +
        `in it. If you have the class and trust the file: model = ${load}; ${saveModel}.`,
    );
  }
  return new UserError(
    `${file}: asks for ${global}, which no state dict needs. It is not read, since that could run code. Where it was ` +
      `made, and if you trust the file: checkpoint = ${load}; save the entry that holds the tensors, such as ` +
      `torch.save(checkpoint["state_dict"], "model.pt"); or save the model again: ${saveModel}.`,
  );
}

/** PyTorch reads this format without weights_only alone. */
export function refuseTar(file: string): UserError {
  return new UserError(
    `${file}: is in the tar format of PyTorch before 0.4, or another tar file; expected the zip format of PyTorch 1.6 ` +
      'and later. If it is a checkpoint, and you trust the file, save it again with a newer PyTorch: ' +
      `torch.save(torch.load("${baseName(file)}", map_location="cpu", weights_only=False), "model.pt").`,
  );
}

/** What torch.export writes without a list of weights that is known. */
export function refuseExported(file: string): UserError {
  return new UserError(
    `${file}: is a program of torch.export (.pt2), not a state dict. Save its tensors: ` +
      `torch.save(torch.export.load("${baseName(file)}").state_dict, "model.pt").`,
  );
}

/** Cut at either separator, so that a message does not depend on the system. */
function baseName(file: string): string {
  return file.replace(/^.*[/\\]/, '');
}
