/**
 * Shares the log-det of a file out to the layers that were found in it. The output is a sum, which is followed back to
 * its terms; a term belongs to the layer whose own computation it uses. Central differences at the probes check the sum
 * of each layer.
 */
import { sizeOf } from '../../base/shape';
import { floatsIn, needed, type GraphNode, type OnnxGraph } from './graph';
import { movingOf, type FoundLayer, type LogDetTerm, type MovedValues } from './layers';
import { read } from './locate';
import type { Probe } from './probe';
import { holding, type NumberedProbe } from './variables';

interface Term extends LogDetTerm {
  layer: number;
}

/** Nats by which central differences may be off. */
const differencesError = 0.02;
/** Terms of a sum that are followed. */
const mostTerms = 4096;

/** What keeps the sum of all elements, or repeats each equally often. */
const keepsSum = new Set(
  'Identity Reshape Squeeze Unsqueeze Flatten ReduceSum Transpose Cast Expand ReduceMean'.split(' '),
);

/** Operators by which the terms of a sum come together element by element. */
const combining = new Set('Add Sum Sub Neg Mul Div'.split(' '));

/**
 * Gives the layers their terms and constants.
 * @param sized the probe for several examples, which tells tensors that keep them apart
 * @returns the largest |log-det of the file − sum over the layers| over the probes, nats; undefined where there is none
 */
export function shareLogDet(
  probe: NumberedProbe,
  sized: NumberedProbe,
  layers: readonly FoundLayer[],
): number | undefined {
  const { logDets, ports } = probe;
  if (!ports.logDet || !logDets || layers.length === 0) return undefined;
  const open = layers.filter(lacksLogDet);
  const restOf = (): number[] =>
    logDets.map((total, run) => total - layers.reduce((sum, layer) => sum + logDetIn(probe, layer, run), 0));
  const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
  if (open.length === 0) return largest(restOf());
  const terms = termsOf(probe, sized, layers);
  if (!terms) return undefined;
  decide(probe, layers, terms);
  for (const { layer, tensor, factor } of terms) {
    const found = layers[layer]!;
    if (lacksLogDet(found)) found.terms = [...(found.terms ?? []), { tensor, factor }];
  }
  for (const layer of open) {
    layer.terms ??= [];
    settleConstant(probe, layer);
    const slopes = slopesOf(probe, layer);
    if (slopes) layer.slopes = slopes;
  }
  const rest = restOf();
  // What is the same for every example and of no layer so far is of one whose own is known the least.
  const holder = open.find(({ slopesAt }) => !slopesAt) ?? open.find(({ estimated }) => estimated);
  const mean = rest.reduce((a, b) => a + b, 0) / rest.length;
  if (holder) holder.constantLogDet += mean;
  return largest(holder ? rest.map((value) => value - mean) : rest);
}

/** Whether its log-det is to be read from the file's. */
export function lacksLogDet({ kind, lacksLogScale }: FoundLayer): boolean {
  return kind === 'unknown' || lacksLogScale;
}

/** Log-det of one layer in one run of the probe, as far as it is known. */
export function logDetIn(
  probe: Probe,
  { constantLogDet, terms = [], logScale }: FoundLayer,
  run: number,
): number {
  let sum = constantLogDet + termsIn(probe, terms, run);
  const located = logScale?.located;
  located?.places.forEach((place, i) => {
    sum += read(located.reading, probe.values.get(located.tensors[located.which[i]!]!)![run]![place]!);
  });
  return sum;
}

function termsIn({ values }: Probe, terms: readonly LogDetTerm[], run: number): number {
  return terms.reduce((sum, { tensor, factor }) => sum + factor * total(values.get(tensor)![run]!), 0);
}

function total(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/**
 * Puts terms to the layers whose central differences they fit, where the graph alone does not tell neighbors apart: what is
 * a function of the value between two layers may be of either.
 */
function decide(probe: Probe, layers: readonly FoundLayer[], terms: readonly Term[]): void {
  /** What the terms of a layer do not explain, by run; of those only that have differences to be compared with. */
  const left = layers.map((layer) =>
    layer.slopesAt && lacksLogDet(layer) ? layer.slopesAt.map(total) : undefined,
  );
  const amountsOf = ({ tensor, factor }: Term): number[] =>
    probe.values.get(tensor)!.map((values) => factor * total(values));
  const give = (layer: number, amounts: readonly number[], sign: 1 | -1): void =>
    left[layer]?.forEach((_, run, all) => (all[run]! -= sign * amounts[run]!));
  const spread = (layer: number): number =>
    left[layer] ? Math.max(...left[layer]) - Math.min(...left[layer]) : 0;
  const amounts = terms.map(amountsOf);
  terms.forEach((term, i) => give(term.layer, amounts[i]!, 1));
  let least = layers.reduce((sum, _, layer) => sum + spread(layer), 0);
  for (const [i, term] of terms.entries()) {
    for (const layer of [term.layer - 1, term.layer + 1]) {
      if (least <= differencesError) return;
      if (!layers[layer]) continue;
      const before = term.layer;
      const both = (): number => spread(before) + spread(layer);
      const move = (from: number, to: number): void => {
        give(from, amounts[i]!, -1);
        give(to, amounts[i]!, 1);
        term.layer = to;
      };
      const was = both();
      move(before, layer);
      const gained = was - both();
      if (gained > differencesError) least -= gained;
      else move(layer, before);
    }
  }
}

/** The constant that central differences leave over, where they are more than off. */
function settleConstant(probe: Probe, layer: FoundLayer): void {
  const { slopesAt, terms = [] } = layer;
  if (!slopesAt) return;
  const varying = { ...layer, constantLogDet: 0 };
  const left = slopesAt.map(
    (slopes, run) => slopes.reduce((a, b) => a + b, 0) - logDetIn(probe, varying, run),
  );
  const mean = left.reduce((a, b) => a + b, 0) / left.length;
  const near = (value: number): boolean => left.every((one) => Math.abs(one - value) <= differencesError);
  // A box that scales by a constant may be in the terms, or not.
  if (near(0)) layer.constantLogDet = 0;
  else if (!near(layer.constantLogDet) && terms.length > 0) {
    layer.constantLogDet = mean;
    layer.estimated = true;
  }
}

/** Where ln |∂y/∂x| of each value that moves is, if one tensor is its log-det. */
function slopesOf({ values }: Probe, layer: FoundLayer): MovedValues | undefined {
  const { terms = [], slopesAt, moves } = layer;
  const [term] = terms;
  const data = term && values.get(term.tensor);
  if (!data || !slopesAt || terms.length !== 1 || Math.abs(term.factor) !== 1) return undefined;
  const moving = Int32Array.from(movingOf(layer));
  const count = data[0]!.length;
  if (count !== moving.length && count !== moves.length) return undefined;
  const fits = (i: number, place: number): boolean =>
    slopesAt.every(
      (slopes, run) => Math.abs(term.factor * data[run]![place]! - slopes[i]!) <= differencesError / 2,
    );
  const taken = new Set<number>();
  const places = new Int32Array(moving.length);
  for (const [i, k] of moving.entries()) {
    const likely = count === moving.length ? i : k;
    const place = [likely, ...Array(count).keys()].find((at) => !taken.has(at) && fits(i, at));
    if (place === undefined) return undefined;
    taken.add(place);
    places[i] = place;
  }
  return {
    located: {
      reading: term.factor > 0 ? 'same' : 'negative',
      tensors: [term.tensor],
      which: new Int32Array(moving.length),
      places,
    },
    elements: moving,
  };
}

/** Undefined where the log-det is not a sum of terms that examples keep apart. */
function termsOf(
  probe: NumberedProbe,
  sized: NumberedProbe,
  layers: readonly FoundLayer[],
): Term[] | undefined {
  const { graph, ports, values, batch } = probe;
  const depends = dependents(graph, ports.input);
  const placed = placing(probe, layers, depends);
  const usable = (name: string): boolean => {
    const [first] = probe.shapes.get(name) ?? [];
    const [many] = sized.shapes.get(name) ?? [];
    return values.has(name) && first === batch && many === sized.batch;
  };
  const size = (name: string): number | undefined => {
    const shape = probe.shapes.get(name);
    return shape && sizeOf(shape);
  };
  /** A number that all elements of a constant have. */
  const uniform = (name: string): number | undefined => {
    const data = values.get(name)?.[0] ?? constantOf(graph, name);
    return data && data.length > 0 && data.every((value) => value === data[0]) ? data[0] : undefined;
  };
  /** Some elements of another tensor, each as often. */
  const scaled = (name: string, factor: number, out: string): Part[] | undefined => {
    if (!depends.has(name)) return [];
    const [inner, outer] = [size(name), size(out)];
    return inner && outer ? [{ name, factor: factor * (outer / inner) }] : undefined;
  };
  const plain = (name: string): Part[] => (depends.has(name) ? [{ name, factor: 1 }] : []);
  /** What a tensor is the sum of; undefined for one that is not a sum. */
  const partsOf = (node: GraphNode, out: string): Part[] | undefined => {
    const inputs = (node.proto.input ?? []).map(String);
    const [first = '', second = ''] = inputs;
    switch (node.op) {
      case 'Add':
      case 'Sum':
        return together(inputs.map((input) => scaled(input, 1, out)));
      case 'Sub':
        return together([scaled(first, 1, out), scaled(second, -1, out)]);
      case 'Concat':
        return inputs.flatMap(plain);
      case 'Neg':
        return scaled(first, -1, out);
      case 'Mul':
      case 'Div': {
        const [constant, other] = depends.has(first) ? [second, first] : [first, second];
        const factor =
          depends.has(constant) || (node.op === 'Div' && other !== first) ? undefined : uniform(constant);
        return factor === undefined ? undefined : scaled(other, node.op === 'Mul' ? factor : 1 / factor, out);
      }
      default:
        if (!keepsSum.has(node.op)) return undefined;
        // A sum over examples, or a mean, is not a sum over elements.
        return node.op === 'Expand' || node.op === 'ReduceMean' ? scaled(first, 1, out) : plain(first);
    }
  };
  const { names, parts } = followed(graph, ports.logDet!, partsOf);
  const known = new Map<string, Term[]>();
  const sumOf = (out: string): Term[] | undefined => {
    const terms = parts.has(out) ? added(parts.get(out)!, known) : undefined;
    if (!terms) return undefined;
    // All of one layer and as large as this: the sum is what the layer adds, element by element.
    const [head] = terms;
    const whole =
      (size(out) ?? 0) > batch &&
      terms.every(({ layer, tensor }) => layer === head?.layer && size(tensor) === size(out));
    const combines = combining.has(graph.producer.get(out)!.op);
    return head && whole && combines && usable(out) ? [{ ...head, tensor: out, factor: 1 }] : terms;
  };
  for (const name of names) {
    const terms =
      sumOf(name) ?? (usable(name) ? [{ tensor: name, factor: 1, layer: placed(name) }] : undefined);
    if (terms) known.set(name, terms);
  }
  const terms = known.get(ports.logDet!);
  if (!terms) return undefined;
  // Whatever was followed, the numbers have to say so too: all but a constant is in the terms.
  const rest = probe.logDets!.map((all, run) => all - termsIn(probe, terms, run));
  const spread = Math.max(...rest) - Math.min(...rest);
  const scale = Math.max(1, ...probe.logDets!.map(Math.abs), ...rest.map(Math.abs));
  return spread <= 1e-4 * scale ? terms : undefined;
}

/** A tensor's place in a sum, times a factor. */
interface Part {
  name: string;
  factor: number;
}

const together = (parts: readonly (Part[] | undefined)[]): Part[] | undefined =>
  parts.every((part) => part !== undefined) ? parts.flat() : undefined;

/** The tensors that a sum leads to, those before others first, and the parts of each that is a sum itself. */
function followed(
  { producer }: OnnxGraph,
  sum: string,
  partsOf: (node: GraphNode, out: string) => Part[] | undefined,
): { names: string[]; parts: Map<string, Part[]> } {
  const names = new Set([sum]);
  const parts = new Map<string, Part[]>();
  for (const name of names) {
    const node = producer.get(name);
    const nodeParts = node && partsOf(node, name);
    if (!nodeParts) continue;
    parts.set(name, nodeParts);
    for (const part of nodeParts) if (names.size < mostTerms && producer.has(part.name)) names.add(part.name);
  }
  const order = (name: string): number => producer.get(name)?.index ?? -1;
  return { names: [...names].sort((a, b) => order(a) - order(b)), parts };
}

/** The terms of all parts, each once; undefined where one has none. */
function added(parts: readonly Part[], known: ReadonlyMap<string, readonly Term[]>): Term[] | undefined {
  const sums = new Map<string, Term>();
  for (const { name, factor } of parts) {
    const terms = known.get(name);
    if (!terms) return undefined;
    for (const term of terms) {
      const before = sums.get(term.tensor)?.factor ?? 0;
      sums.set(term.tensor, { ...term, factor: before + factor * term.factor });
    }
  }
  return [...sums.values()];
}

/** Tensors that the flow's input reaches by more than its shape. */
function dependents(graph: OnnxGraph, input: string): ReadonlySet<string> {
  const depends = new Set([input]);
  for (const { op, reads, writes } of graph.nodes) {
    if (op === 'Shape' || op === 'Size' || op === 'ConstantOfShape' || op === 'EyeLike') continue;
    if (reads.some((name) => depends.has(name))) for (const name of writes) depends.add(name);
  }
  return depends;
}

/** Says of a tensor which layer it is computed in. */
function placing(
  { graph, ports, variables }: NumberedProbe,
  layers: readonly FoundLayer[],
  depends: ReadonlySet<string>,
): (name: string) => number {
  const layerOf = new Map<GraphNode, number>();
  layers.forEach(({ nodes }, layer) => {
    // What the next one reads again stays with the first.
    for (const node of nodes)
      if (!layerOf.has(node) && node.writes.some((name) => depends.has(name))) layerOf.set(node, layer);
  });
  const after = layers.map((_, layer) =>
    holding(
      variables,
      layers[layer + 1]?.before ?? variables.byName.get(ports.output)!.ids.filter((id) => id >= 0),
    ),
  );
  return (name) => {
    let last = -1;
    for (const node of needed(graph, [name]).nodes) last = Math.max(last, layerOf.get(node) ?? -1);
    if (last < 0) return 0;
    // A function of what the layer gives alone, without anything of its inside, may be of the next one.
    const inside = needed(graph, [name], after[last]).nodes.some((node) => layerOf.get(node) === last);
    return inside || last + 1 === layers.length ? last : last + 1;
  };
}

/** The value of an initializer or a Constant node that is a float. */
function constantOf({ initializers, producer }: OnnxGraph, name: string): Float32Array | undefined {
  const node = producer.get(name)?.proto;
  const tensor =
    initializers.get(name) ??
    (node?.opType === 'Constant'
      ? node.attribute?.find((attribute) => attribute.name === 'value')?.t
      : undefined);
  return tensor ? floatsIn(tensor) : undefined;
}
