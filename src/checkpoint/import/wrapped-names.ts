/**
 * Names as the library gave them: without what wrappers of models put before them, and with the copies that wrappers keep
 * among the tensors of one state dict.
 */
import { underNames, type TensorFile } from './types';

/** DataParallel and AveragedModel, Lightning modules and the usual names of a flow in them. */
const wrappers: ReadonlySet<string> = new Set(['module', 'model', 'flow', 'online_model']);
/** torch.compile, FSDP and activation checkpointing, which wrap any module of a model. */
export const innerWrappers = /(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;
/** Moving averages in a module next to the one that is trained. */
const average = /^(ema|model_ema|ema_model|averaged_model|average_model|ema_flow|flow_ema)\./;

/** In each other; names of a file could go on without end. */
const mostWrappers = 8;

/** The same file, with names that start after the prefix of the wrappers that all tensors are in, "module.flow.". */
export function unwrapped(file: TensorFile) {
  const split = withAverage(file);
  const names = [...split.tensors]
    .filter(([name, { shape }]) => !isCounter(name, shape))
    .map(([name]) => name);
  const plain = (name: string): string => name.replace(innerWrappers, '');
  let prefix = '';
  for (let depth = 0; depth < mostWrappers && names[0] !== undefined; depth++) {
    const [word = ''] = plain(names[0]).slice(prefix.length).split('.', 1);
    const next = `${prefix}${word}.`;
    if (!wrappers.has(word) || !names.every((name) => plain(name).startsWith(next))) break;
    prefix = next;
  }
  const inner = [...new Set(names.flatMap((name) => name.match(innerWrappers) ?? []))].join('');
  if (prefix === '' && inner === '') return { file: split, prefix };
  const rename = (of: Pick<TensorFile, 'tensors' | 'read'>) => {
    const inside = names.filter((name) => of.tensors.has(name));
    return underNames(of, new Map(inside.map((name) => [plain(name).slice(prefix.length), name])));
  };
  const copies = split.copies?.map((copy) => ({ key: copy.key, ...rename(copy) }));
  return { file: { ...split, ...rename(split), ...(copies ? { copies } : {}) }, prefix: prefix + inner };
}

/** A number of updates next to the modules: "n_averaged". */
function isCounter(name: string, shape: readonly number[]): boolean {
  return !name.includes('.') && shape.length === 0;
}

/** Names that belong to the averages themselves and have no counterpart in the model. */
export const counters = ['decay', 'num_updates', 'n_averaged', 'initted', 'step'];

/** Splits off the moving average, where it has the names of the rest, which may have lost their dots. */
function withAverage(file: TensorFile): TensorFile {
  const within = [...file.tensors.keys()].find((name) => average.test(name));
  if (within === undefined || file.copies) return file;
  const prefix = average.exec(within)![0];
  const short = (name: string): string => name.replaceAll('.', '');
  const averaged = new Map<string, string>();
  const rest: string[] = [];
  for (const name of file.tensors.keys()) {
    if (name.startsWith(prefix))
      averaged.set(short(name.slice(prefix.length).replace(/^module\./, '')), name);
    else rest.push(name);
  }
  const trained = rest.filter((name) => !isCounter(name, file.tensors.get(name)!.shape));
  const withoutFirst = (name: string): string => name.slice(name.indexOf('.') + 1);
  // An average of a module "model" has the names below it, of the whole all names; some have no buffers.
  const take = [(name: string) => name, withoutFirst].find((candidate) => {
    const known = new Set(trained.map((name) => short(candidate(name))));
    return [...averaged.keys()].every((name) => known.has(name) || counters.includes(name));
  });
  if (!take || trained.length === 0) return file;
  const originals = new Map(trained.map((name) => [name, averaged.get(short(take(name))) ?? name]));
  return {
    ...file,
    ...underNames(file, new Map(trained.map((name) => [name, name]))),
    key: 'trained',
    copies: [{ key: prefix.slice(0, -1), ...underNames(file, originals) }],
  };
}
