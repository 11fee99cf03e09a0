/**
 * Takes a traced graph apart into the modules that its scopes name: the nodes of a coupling, and in it its network's,
 * become a graph of their own, and a call of it takes their place.
 */
import { isPassScope, varied } from '../../flow/core/scope';
import { type Graph, type Node, type Port, consumersOf, producersOf } from '../ir';
import { removeDeadCode } from '../passes/pass';

/** The node that stands for a region. Its attribute `region` is the key in `regions`. */
export const callOp = 'Call';

export interface Region {
  /** The module's path, for example "couplings.0.net"; empty for the whole. */
  readonly module: string;
  /** Scope of one of several passes. The region is a method of the module then, and not a module of its own. */
  readonly pass?: string | undefined;
  /** Whether it is a part of the flow itself, and not of a part. */
  readonly isLayer: boolean;
  /** What its values are called. */
  readonly names: ReadonlyMap<number, string>;
  /** Inputs that are not stored tensors come first; stored tensors keep their names. */
  readonly graph: Graph;
  /** What its calls lead to, by key. */
  readonly regions: ReadonlyMap<string, Region>;
}

type Place = Pick<Region, 'module' | 'isLayer' | 'pass'>;

interface Group {
  /** The module or pass; undefined for the region itself. */
  inner: string | undefined;
  nodes: Node[];
}

/** @param stored names of the tensors that are inputs of the graph, and that modules are named by */
export function regionsOf(graph: Graph, stored: ReadonlySet<string>): Region {
  const live = removeDeadCode(graph);
  const modules = new Set([...stored].flatMap(prefixesOf));
  return new Splitter(live, stored, modules).region(
    { module: '', isLayer: false },
    live.nodes,
    live.inputs,
    live.outputs,
  );
}

/** "a", "a.b" of "a.b.c". */
function prefixesOf(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
}

class Splitter {
  private readonly storedIds: ReadonlyMap<number, Port>;
  private readonly consumers: ReadonlyMap<number, readonly Node[]>;
  private readonly producers: ReadonlyMap<number, Node>;
  private readonly results: ReadonlySet<number>;
  /** Made from nothing, and made again wherever it is used. */
  private readonly floating: ReadonlySet<number>;
  /** The context, and what is computed from it alone. */
  private readonly contexts: ReadonlySet<number>;
  private nextRegion = 0;

  constructor(
    private readonly graph: Graph,
    stored: ReadonlySet<string>,
    private readonly modules: ReadonlySet<string>,
  ) {
    this.storedIds = new Map(
      graph.inputs.flatMap((port) => (stored.has(port.name) ? [[port.value, port] as const] : [])),
    );
    this.consumers = consumersOf(graph);
    this.producers = producersOf(graph);
    this.results = new Set(graph.outputs.map(({ value }) => value));
    this.contexts = this.contextual();
    this.floating = new Set(graph.nodes.flatMap((node) => (node.inputs.length === 0 ? node.outputs : [])));
  }

  region(
    { module, isLayer, pass }: Place,
    nodes: readonly Node[],
    inputs: readonly Port[],
    outputs: readonly Port[],
  ): Region {
    const members = new Set<Node>();
    const regions = new Map<string, Region>();
    for (const group of this.groups({ module, pass }, nodes)) {
      if (group.inner === undefined) {
        for (const node of group.nodes) members.add(node);
        continue;
      }
      const inner = isPassScope(group.inner)
        ? { module, isLayer: false, pass: group.inner }
        : { module: group.inner, isLayer: module === '' };
      const { region, call } = this.inner(inner, group.nodes);
      const key = String(this.nextRegion++);
      regions.set(key, region);
      members.add({ ...call, attrs: { region: key } });
    }
    const graph = this.part([...members], inputs, outputs);
    const names = [...(this.graph.valueNames ?? [])].filter(([id]) => graph.values.has(id));
    return { module, isLayer, pass, graph, names: new Map(names), regions };
  }

  private contextual(): Set<number> {
    const port = this.graph.inputs.find(({ name }) => name === 'context');
    const found = new Set(port ? [port.value] : []);
    for (const node of this.graph.nodes) {
      const inputs = node.inputs.filter((id) => !this.storedIds.has(id) && !this.graph.constants.has(id));
      if (inputs.length > 0 && inputs.every((id) => found.has(id)))
        for (const id of node.outputs) found.add(id);
    }
    return found;
  }

  /** The contents of one inner module, in order. Values without inputs go where they are used. */
  private groups(of: Pick<Place, 'module' | 'pass'>, nodes: readonly Node[]): Group[] {
    const groups: Group[] = [];
    const floating: Node[] = [];
    for (const node of nodes) {
      if (node.inputs.length === 0) {
        floating.push(node);
        continue;
      }
      const inner = this.innerScope(of, node.scope);
      const last = groups.at(-1);
      if (last && last.inner === inner) last.nodes.push(node);
      else groups.push({ inner, nodes: [node] });
    }
    for (const group of groups) {
      const used = new Set(group.nodes.flatMap((node) => node.inputs));
      group.nodes.unshift(...floating.filter((node) => node.outputs.some((id) => used.has(id))));
    }
    const shown = floating.filter((node) => node.outputs.some((id) => this.results.has(id)));
    if (shown.length > 0) groups.unshift({ inner: undefined, nodes: shown });
    else if (groups.length === 0) groups.push({ inner: undefined, nodes: [] });
    return groups;
  }

  /** The outermost module or pass inside of a region that the scope names; undefined where there is none. */
  private innerScope({ module, pass }: Pick<Place, 'module' | 'pass'>, scope: string): string | undefined {
    const names = scope.split('/');
    const inner = names.slice(names.indexOf(pass ?? module) + 1);
    const within = module === '' ? '' : `${module}.`;
    return inner.find((name) =>
      isPassScope(name)
        ? module !== ''
        : this.modules.has(name) && name !== module && name.startsWith(within),
    );
  }

  private inner(of: Place, nodes: readonly Node[]): { region: Region; call: Omit<Node, 'attrs'> } {
    const { module } = of;
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const inside = new Set(nodes);
    const taken = [...new Set(nodes.flatMap((node) => node.inputs))].filter(
      (id) => !made.has(id) && (!this.graph.constants.has(id) || this.isVaried(id, of)),
    );
    const isMember = (id: number): boolean => this.storedIds.get(id)?.name.startsWith(`${module}.`) ?? false;
    const rest = taken.filter((id) => !isMember(id));
    const args = [
      ...rest.filter((id) => !this.contexts.has(id)),
      ...rest.filter((id) => this.contexts.has(id)),
    ];
    const needed = [...made].filter((id) => this.isNeededOutside(id, inside));
    const isLogDet = (id: number): boolean => this.graph.values.get(id)!.shape.length <= 1;
    const results = [...needed.filter((id) => !isLogDet(id)), ...needed.filter(isLogDet)];
    const inputs = [
      ...args.map((value, i) => ({ name: `arg:${this.role(value, of)}${i}`, value })),
      ...taken.filter(isMember).map((id) => this.storedIds.get(id)!),
    ];
    const outputs = results.map((value, i) => ({ name: `result:${i}`, value }));
    return {
      region: this.region(of, nodes, inputs, outputs),
      call: { op: callOp, inputs: args, outputs: results, scope: module },
    };
  }

  /** What an argument is to a region, where that is known. */
  private role(id: number, { module, pass }: Place): string {
    if (this.contexts.has(id)) return 'context';
    const isOfModule =
      this.producers.get(id)?.scope.split('/').includes(module) ?? this.graph.constants.has(id);
    return pass !== undefined && !isOfModule ? 'given' : '';
  }

  /** Whether a constant is another in each pass, so that it has to be given to it. */
  private isVaried(id: number, { pass }: Place): boolean {
    return pass !== undefined && this.graph.valueNames?.get(id) === varied;
  }

  private isNeededOutside(id: number, inside: ReadonlySet<Node>): boolean {
    if (this.floating.has(id)) return false;
    return this.results.has(id) || (this.consumers.get(id) ?? []).some((user) => !inside.has(user));
  }

  private part(nodes: readonly Node[], inputs: readonly Port[], outputs: readonly Port[]): Graph {
    const used = new Set([...nodes.flatMap((node) => node.inputs), ...outputs.map(({ value }) => value)]);
    const inputIds = new Set(inputs.map(({ value }) => value));
    const { values, constants, dynamicBatch } = this.graph;
    const known = new Set([...used, ...inputs.map((port) => port.value), ...nodes.flatMap((n) => n.outputs)]);
    return {
      inputs,
      outputs,
      nodes,
      values: new Map([...values].filter(([id]) => known.has(id))),
      constants: new Map([...constants].filter(([id]) => used.has(id) && !inputIds.has(id))),
      ...(dynamicBatch === undefined ? {} : { dynamicBatch }),
    };
  }
}
