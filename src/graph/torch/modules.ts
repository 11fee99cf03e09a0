/** The modules of a printed flow: their methods, tensors and constants, as classes that equal modules share. */
import type { ConstantData, DType, Graph, Node, Value } from '../ir';
import { runPasses, type Pipeline } from '../passes/pass';
import { sameShape } from '../shape';
import { tupleText } from './expressions';
import { methodText, printFunction } from './function';
import type { HelperName } from './helpers';
import type { Hints } from './names';
import { regionsOf, type Region } from './regions';

export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether it is trained; running statistics are not. */
  readonly trained: boolean;
}

/** Which way a function goes: modules in it are called by `forward` or `inverse`. */
export type Direction = 'forward' | 'inverse';

export interface TracedFunction {
  readonly name: string;
  readonly direction: Direction;
  readonly graph: Graph;
}

export interface PrintedClass {
  name: string;
  base: string;
  /** What follows the line with the name. */
  text: string;
}

export interface PrintedModules {
  /** Classes, inner ones first; the last is the whole flow's. */
  readonly classes: readonly PrintedClass[];
  readonly helpers: ReadonlySet<HelperName>;
  /** Masks and orders, which modules hold beside their stored tensors. */
  readonly constants: Readonly<Record<string, KeptConstant>>;
}

/** As safetensors files have them. */
export interface KeptConstant {
  dtype: string;
  shape: number[];
  data: ConstantData;
}

const fileTypes: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

interface Module {
  readonly path: string;
  /** By name, in order. */
  readonly methods: Map<string, string>;
  readonly constants: { name: string; data: ConstantData; value: Value }[];
}

export function printModules(
  functions: readonly TracedFunction[],
  tensors: readonly StoredTensor[],
  passes: Pipeline,
): PrintedModules {
  return new ModulePrinter(tensors, passes).print(functions);
}

class ModulePrinter {
  private readonly modules = new Map<string, Module>();
  private readonly helpers = new Set<HelperName>();
  private readonly stored: ReadonlySet<string>;
  private readonly classes: PrintedClass[] = [];
  private readonly known = new Map<string, string>();

  constructor(
    private readonly tensors: readonly StoredTensor[],
    private readonly passes: Pipeline,
  ) {
    this.stored = new Set(tensors.map(({ name }) => name));
  }

  print(functions: readonly TracedFunction[]): PrintedModules {
    for (const { name, direction, graph } of functions) {
      this.method(regionsOf(graph, this.stored), name, direction);
    }
    this.classOf('');
    const constants = [...this.modules.values()].flatMap(({ path, constants }) =>
      constants.map(({ name, data, value: { shape, dtype } }): [string, KeptConstant] => [
        joined(path, name),
        { dtype: fileTypes[dtype], shape: [...shape], data },
      ]),
    );
    return { classes: this.classes, helpers: this.helpers, constants: Object.fromEntries(constants) };
  }

  /** Adds a method for the region to its module, unless there is one that does the same; returns its name. */
  private method(region: Region, wanted: string, direction: Direction): string {
    const module = this.module(region.module);
    const graph = runPasses(region.graph, this.passes);
    const printed = printFunction(
      named(graph, region, direction, this.stored),
      this.stored,
      {
        tensor: (name) => pythonPath(name.slice(region.module === '' ? 0 : region.module.length + 1)),
        constant: (data, value) => `self.${this.constant(module, data, value)}`,
        call: (node) => this.call(node, region, direction),
        helper: (name) => {
          this.helpers.add(name);
          return name;
        },
      },
      hintsOf(graph, region, direction),
    );
    const text = methodText('@', printed);
    for (const [name, known] of module.methods) if (known === text) return name;
    let name = wanted;
    for (let count = 2; module.methods.has(name); count++) name = `${wanted}_${count}`;
    module.methods.set(name, text);
    return name;
  }

  private call(node: Node, parent: Region, direction: Direction): string {
    const region = parent.regions.get(node.attrs['region'] as string)!;
    const name = this.method(region, direction, direction);
    const path = pythonPath(region.module.slice(parent.module === '' ? 0 : parent.module.length + 1));
    return name === 'forward' ? path : `${path}.${name}`;
  }

  private module(path: string): Module {
    let module = this.modules.get(path);
    if (!module) {
      module = { path, methods: new Map(), constants: [] };
      this.modules.set(path, module);
    }
    return module;
  }

  private constant({ path, constants }: Module, data: ConstantData, value: Value): string {
    const same = constants.find(
      (known) =>
        known.value.dtype === value.dtype &&
        sameShape(known.value.shape, value.shape) &&
        known.data.every((number, i) => Object.is(number, data[i])),
    );
    if (same) return same.name;
    const wanted = constantName(data, value);
    const isTaken = (name: string): boolean =>
      constants.some((known) => known.name === name) ||
      this.tensors.some((tensor) => `${tensor.name}.`.startsWith(`${joined(path, name)}.`));
    let name = wanted;
    for (let count = 2; isTaken(name); count++) name = `${wanted}_${count}`;
    constants.push({ name, data, value });
    return name;
  }

  /** The name of the class of a module, printed with those inside of it. */
  private classOf(path: string): string {
    const module = this.modules.get(path)!;
    const members = this.members(path);
    const isList = members[0]?.[0] === '0';
    const parts = members
      .filter(([name]) => !isNumber(name))
      .map(([name, text]) =>
        isName(name) ? `        self.${name} = ${text}` : `        setattr(self, "${name}", ${text})`,
      );
    const listed = isList ? listText(members.filter(([name]) => isNumber(name)).map(([, text]) => text)) : '';
    const buffers = module.constants.map(({ name, value }) => {
      const type = { float32: '', int32: ', dtype=torch.int32', bool: ', dtype=torch.bool' }[value.dtype];
      return `        self.register_buffer("${name}", torch.zeros(${tupleText(value.shape)}${type}))`;
    });
    const methods = [...module.methods].map(([name, text]) => indent(text.replace('def @(', `def ${name}(`)));
    const body = [
      [`    def __init__(self) -> None:`, `        super().__init__(${listed})`, ...parts, ...buffers].join(
        '\n',
      ),
      ...methods,
    ].join('\n\n');
    if (path === '') {
      this.classes.push({ name: 'Flow', base: 'nn.Module', text: body });
      return 'Flow';
    }
    const known = this.known.get(body);
    if (known) return known;
    const wanted = className(path);
    let name = wanted;
    for (let count = 2; this.classes.some((other) => other.name === name); count++)
      name = `${wanted}${count}`;
    this.known.set(body, name);
    this.classes.push({ name, base: isList ? 'nn.ModuleList' : 'nn.Module', text: body });
    return name;
  }

  /** What a module holds: tensors, modules with classes of their own, and what only holds others. */
  private members(path: string): [string, string][] {
    const within = path === '' ? '' : `${path}.`;
    const inner = this.tensors.filter(({ name }) => name.startsWith(within));
    const keys = [...new Set(inner.map(({ name }) => name.slice(within.length).split('.')[0]!))];
    return keys.map((key) => [key, this.member(`${within}${key}`)]);
  }

  private member(path: string): string {
    const tensor = this.tensors.find(({ name }) => name === path);
    if (tensor) return `${tensor.trained ? 'parameter' : 'buffer'}(${tensor.shape.join(', ')})`;
    if (this.modules.has(path)) return `${this.classOf(path)}()`;
    const members = this.members(path);
    if (members.every(([key], i) => key === String(i))) {
      return `nn.ModuleList(${listText(members.map(([, text]) => text))})`;
    }
    const named = members.filter(([key]) => isName(key)).map(([key, text]) => `${key}=${text}`);
    const others = members.filter(([key]) => !isName(key)).map(([key, text]) => `"${key}": ${text}`);
    return `Part(${[...named, ...(others.length > 0 ? [`**{${others.join(', ')}}`] : [])].join(', ')})`;
  }
}

/** A list of parts that are all made in the same way as a loop. */
function listText(texts: readonly string[]): string {
  const isSame = texts.length > 2 && texts.every((text) => text === texts[0]);
  return `[${isSame ? `${texts[0]!} for _ in range(${texts.length})` : texts.join(', ')}]`;
}

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line ? `    ${line}` : line))
    .join('\n');

const joined = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** "self.net[0].weight" of "net.0.weight". */
function pythonPath(relative: string): string {
  return relative.split('.').reduce((path, part) => {
    if (isNumber(part)) return `${path}[${part}]`;
    return isName(part) ? `${path}.${part}` : `getattr(${path}, "${part}")`;
  }, 'self');
}

const isNumber = (key: string): boolean => /^\d+$/.test(key);

/** Python's own words, such as "in", can be names of members, but not be written as such. */
const isName = (key: string): boolean =>
  /^[A-Za-z_]\w*$/.test(key) &&
  !/^(and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield|None|True|False)$/.test(
    key,
  );

/** "Coupling" of "couplings.3", "ScaleNet" of "couplings.3.scaleNet". */
function className(path: string): string {
  const word = path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? 'Layer';
  const single = word.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
  return single.charAt(0).toUpperCase() + single.slice(1);
}

function constantName(data: ConstantData, { dtype }: Value): string {
  if (dtype === 'int32') return 'order';
  return data.every((value: number) => value === 0 || value === 1) ? 'mask' : 'constant';
}

/** A region's inputs, named by what they are. */
function named(graph: Graph, region: Region, direction: Direction, stored: ReadonlySet<string>): Graph {
  if (region.module === '') return graph;
  const isLayer = region.isLayer;
  const taken = new Set<string>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  };
  const inputs = graph.inputs.map((port) => {
    if (stored.has(port.name) && !port.name.startsWith('arg:')) return port;
    if (port.name.startsWith('arg:context')) return { ...port, name: unique('context') };
    return { ...port, name: unique(isLayer && direction === 'inverse' ? 'y' : 'x') };
  });
  return { ...graph, inputs };
}

/** Names of results, as far as their place tells them. */
function hintsOf(graph: Graph, { module, isLayer }: Region, direction: Direction): Hints {
  const hints = new Map<number, string>();
  for (const { value } of graph.outputs) {
    const { shape } = graph.values.get(value)!;
    if (shape.length > 1) hints.set(value, isLayer ? (direction === 'forward' ? 'y' : 'x') : 'h');
  }
  if (module === '') {
    for (const node of graph.nodes) {
      if (node.op !== 'Call') continue;
      for (const id of node.outputs) {
        const { shape } = graph.values.get(id)!;
        hints.set(id, shape.length > 1 ? 'x' : 'd');
      }
    }
  }
  return hints;
}
