/** What tensors are, in words. */
import type { TransformConfig } from '../../config/layer-parts';
import type { TakenTensor } from './explain';

/** Last part of our tensors' names. */
const kinds: Readonly<Record<string, string>> = {
  mean: 'running mean',
  variance: 'running variance',
  g: 'lengths of the weights',
  v: 'directions of the weights',
  lower: 'lower triangle',
  upper: 'upper triangle',
  diagonal: 'diagonal, before its softplus',
  logDiagonal: 'diagonal, its logarithms',
  logScale: 'scale, its logarithms',
  vectors: 'reflections',
  first: 'reflections before the scales',
  last: 'reflections after the scales',
  loc: 'means',
};

/** Networks and their parts. */
const parts: Readonly<Record<string, string>> = {
  net: 'conditioner',
  scaleNet: 'conditioner of s',
  shiftNet: 'conditioner of t',
  widthsNet: 'conditioner of the widths',
  heightsNet: 'conditioner of the heights',
  derivativesNet: 'conditioner of the slopes',
  in: 'first layer',
  out: 'last layer',
  linear1: 'layer 1',
  linear2: 'layer 2',
  norm1: 'norm 1',
  norm2: 'norm 2',
  context: 'layer of the context',
};

/** What the last layer of a conditioner gives. */
const outputWords: Partial<Record<TransformConfig['kind'], string>> = {
  affine: 's and t',
  additive: 't',
  rationalQuadratic: 'the widths, heights and slopes of splines',
  intervalSpline: 'the intervals, widths, heights and slopes of splines',
};

/** "weight of the conditioner's hidden layer 1". @param layer our layer that it is in @param has whether a tensor of this name exists */
export function wordsOf(
  name: string,
  layer: string | undefined,
  transform: TransformConfig['kind'] | undefined,
  has: (name: string) => boolean,
): string {
  const rest = layer === undefined ? name : name.slice(layer.length + 1);
  const tokens = rest.split('.');
  const kind = tokens.pop()!;
  const start = layer === undefined ? '' : `${layer}.`;
  const words: string[] = [];
  tokens.forEach((token, i) => {
    const before = tokens.slice(0, i).join('.');
    if (/^\d+$/.test(token)) {
      const previous = tokens[i - 1] ?? '';
      if (previous === 'blocks') words.push(`block ${Number(token) + 1}`);
      else if (has(`${start}${before}.${Number(token) + 1}.weight`))
        words.push(`hidden layer ${Number(token) + 1}`);
      else words.push('last layer');
    } else if (token === 'base' && layer === undefined) words.push('base');
    else if (token === 'context' && i === 0 && layer === undefined)
      words.push('standardization or network of the context');
    else if (token === 'net' && tokens[0] === 'base') words.push('network');
    else if (token !== 'blocks') words.push(parts[token] ?? token);
  });
  const isKnots = words.at(-1) === 'last layer' && tokens[0] !== 'base' && /[nN]et$/.test(tokens[0] ?? '');
  const gives =
    transform && isKnots && tokens[0] === 'net'
      ? `, which gives ${outputWords[transform] ?? 'what the transform takes'}`
      : '';
  const what = kinds[kind] ?? kind;
  return words.length === 0 ? what : `${what} of the ${words.join(', ')}${gives}`;
}

/** What tensors are called that say how a flow is built, by the last word of their name. */
const structures: readonly [RegExp, string][] = [
  [/mask$|(^|\.)b$/, 'which numbers a network sees, or which features pass through'],
  [/identity_features$/, 'which features pass through'],
  [/transform_features$/, 'which features are transformed'],
  [/degrees$/, 'order of the features'],
  [/(^|\.)(mean|std)_0$/, 'standardization of x in a field'],
  [/(perm|permutation|order|_0)(_inv)?$/, 'order of the features'],
];

/** What is not needed, by the last word of its name. */
const idle: readonly [RegExp, string][] = [
  [/num_batches_tracked$/, 'how many batches a norm has seen'],
  [/degrees$/, 'from which the masks follow'],
  [/mask$/, 'it follows from others'],
  [/_log_z$/, 'a constant of the base'],
  [/(initialized|data_dep_init_done|initted)$/, 'whether a layer was initialized'],
];

const wordsFor = (table: readonly [RegExp, string][], name: string): string | undefined =>
  table.find(([pattern]) => pattern.test(name))?.[1];

/** "weight of the conditioner, hidden layer 1"; "optimizer, left out". */
export function saysOf(
  { name, use, becomes, layer, of }: TakenTensor,
  transform: TransformConfig['kind'] | undefined,
  has: (name: string) => boolean,
): string {
  switch (use) {
    case 'parameter': {
      const all = [...new Set(becomes.map((tensorName) => wordsOf(tensorName, layer, transform, has)))];
      if (all.length === 0) return 'a parameter';
      return all.length <= 3 ? all.join('; ') : `${all.slice(0, 3).join('; ')} and ${all.length - 3} more`;
    }
    case 'structure':
      return `how it is built: ${wordsFor(structures, name) ?? 'fixed numbers'}`;
    case 'unused':
      return `not used: ${wordsFor(idle, name) ?? 'its shape alone counts, or nothing'}`;
    case 'left-out':
      if (of === 'optimizer') return 'optimizer, left out';
      return of === 'copy' ? 'another copy of the weights, left out' : 'not of the flow, left out';
  }
}
