/** The couplings of a vector flow, as its config says them: which output of which network is s or t of which feature. */
import type { VectorModelConfig } from '../../config/schema';
import { transformParameters, type TransformParameter } from '../../config/transforms';
import { rewired, sideBySide, type Column, type Mlp } from './nets';
import type { WrittenLayer } from './written-chain';

/** Where the s, or the t, of features stand in the output of a network. */
export interface Head {
  /** Name of the network below the coupling: "net", "scaleNet" or "shiftNet". */
  net: string;
  /** For each feature that has one: the column of the network's last layer. Empty where the transform takes none. */
  columns: ReadonlyMap<number, number>;
}

export interface Coupling {
  /** In the flow, for example "couplings.0". */
  name: string;
  conditions: number[];
  moves: number[];
  /** Features that the networks take, in the order of their inputs. */
  inputs: number[];
  scale: Head;
  shift: Head;
}

export function couplingOf(
  model: VectorModelConfig,
  layer: WrittenLayer & { kind: 'coupling' },
  name: string,
): Coupling {
  const all = Array.from({ length: model.dim }, (_, i) => i);
  const conditions = all.filter((i) => layer.mask[i] === 1);
  const moves = all.filter((i) => layer.mask[i] !== 1);
  const masked = model.conditioning === 'masked';
  const answered = masked ? all : moves;
  const at = (column: (place: number) => number) =>
    new Map(answered.map((feature, i) => [feature, column(i)]));
  const takes: readonly TransformParameter[] = transformParameters[model.transform];
  const order = model.outputOrder === 'scale-shift' ? takes : takes.toReversed();
  const head = (which: TransformParameter): Head => {
    const net = model.nets === 'separate' ? `${which}Net` : 'net';
    const place = order.indexOf(which);
    if (place < 0) return { net, columns: new Map() };
    if (model.nets === 'separate') return { net, columns: at((i) => i) };
    return {
      net,
      columns: at((i) =>
        model.outputLayout === 'interleaved' ? order.length * i + place : place * answered.length + i,
      ),
    };
  };
  return {
    name,
    conditions,
    moves,
    inputs: masked ? all : conditions,
    scale: head('scale'),
    shift: head('shift'),
  };
}

/** Whether the networks of s and t have the same activation, or are one. */
export function hasOneActivation({ nets, activation, shiftActivation }: VectorModelConfig): boolean {
  return nets === 'joint' || (shiftActivation ?? activation) === activation;
}

/** One output of a network that is wanted: the s or the t of a feature, or its negative. */
export interface Output {
  of: 'scale' | 'shift';
  feature: number;
  negated?: boolean;
}

/**
 * One network that takes the features `inputs` and gives `outputs`, which computes what the coupling's own network or
 * networks do: rows and columns chosen, two networks side by side where s and t are asked of separate ones.
 * @param read a network of the coupling by its name below it
 */
export function netOf(
  coupling: Coupling,
  inputs: readonly number[],
  outputs: readonly Output[],
  read: (name: string) => Mlp,
): Mlp {
  const names = [...new Set(outputs.map(({ of }) => coupling[of].net))];
  const nets = names.map(read);
  const widths = nets.map((net) => net.at(-1)!.bias.data.length);
  const columns = outputs.map(({ of, feature, negated }): Column => {
    const { net, columns } = coupling[of];
    const column = columns.get(feature);
    if (column === undefined) return 'zero';
    const offset = net === names[0] ? 0 : widths[0]!;
    return { from: offset + column, ...(negated ? { negated } : {}) };
  });
  const net = nets.length === 1 ? nets[0]! : sideBySide(nets[0]!, nets[1]!);
  return rewired(net, rowsOf(coupling.inputs, inputs), columns);
}

/** For a network that takes `wanted`: the rows of one that takes `have`. */
export function rowsOf(have: readonly number[], wanted: readonly number[]): (number | undefined)[] {
  return wanted.map((feature) => {
    const row = have.indexOf(feature);
    return row < 0 ? undefined : row;
  });
}
