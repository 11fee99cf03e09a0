/** The modules of a printed flow: their methods, tensors and constants, as classes that equal modules share. */
import { entryOf } from '../../base/kept';
import { concatenated } from '../../base/rows';
import { type ConstantData, type DType, type Graph, type Node, type Value, sameShape } from '../ir';
import { runPasses, type Pipeline } from '../passes/pass';
import { varied } from '../../flow/core/scope';
import { tupleText } from './expressions';
import { FunctionPrinter, methodText } from './function';
import type { HelperName } from './helpers';
import { freeName, type Hints } from './names';
import { callOp, regionsOf, type Region } from './regions';
import { startSums } from './statements';

export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether it is trained; running statistics are not. */
  readonly trained: boolean;
}

/** Which way a function goes, by the name of the method that modules in it are called by. */
export type Direction = 'forward' | 'inverse' | 'training_pass';

export interface TracedFunction {
  readonly name: string;
  readonly direction: Direction;
  readonly graph: Graph;
}

export interface PrintedClass {
  name: string;
  base: string;
  /** Paths of the modules that are of it. */
  modules: string[];
  /** What is in it, without indentation. */
  lines: readonly string[];
}

/** As safetensors files have them. */
export interface KeptConstant {
  dtype: string;
  shape: number[];
  data: ConstantData;
}

const fileTypes: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/** The name of what passes are given. */
const places = 'places';

interface Module {
  readonly path: string;
  /** By name, in order. */
  readonly methods: Map<string, string>;
  readonly constants: { name: string; data: ConstantData; value: Value }[];
  /** What each of several passes is given, a row each. */
  readonly places: Float32Array[];
}

export class ModulePrinter {
  private readonly modules = new Map<string, Module>();
  private readonly helpers = new Set<HelperName>();
  private readonly stored: ReadonlySet<string>;
  private readonly classes: PrintedClass[] = [];
  private readonly known = new Map<string, PrintedClass>();

  /** @param checks statements that functions of the whole flow begin with, by the argument that they are about */
  constructor(
    private readonly tensors: readonly StoredTensor[],
    private readonly passes: Pipeline,
    private readonly checks: Readonly<Record<string, string>>,
  ) {
    this.stored = new Set(tensors.map(({ name }) => name));
  }

  print(functions: readonly TracedFunction[]) {
    for (const { name, direction, graph } of functions) {
      this.method(regionsOf(graph, this.stored), name, direction);
    }
    this.made('');
    const constants = [...this.modules.values()].flatMap(({ path, constants, places: rows }) => [
      ...constants.map(({ name, data, value: { shape, dtype } }): [string, KeptConstant] => [
        joined(path, name),
        { dtype: fileTypes[dtype], shape: [...shape], data },
      ]),
      ...(rows.length > 0 ? [[joined(path, places), stacked(rows)] as const] : []),
    ]);
    return {
      /** Classes, inner ones first; the last is the whole flow's. */
      classes: this.classes,
      helpers: this.helpers,
      /** Masks and orders, which modules hold besides their stored tensors. */
      constants: Object.fromEntries(constants),
    };
  }

  /** Adds a method for the region to its module, unless there is one that does the same; returns its name. */
  private method(region: Region, stem: string, direction: Direction): string {
    const module = this.module(region.module);
    const graph = startSums(runPasses(region.graph, this.passes));
    const printed = new FunctionPrinter(
      named(graph, region, direction, this.stored),
      this.stored,
      {
        tensor: (name) => pythonPath(name.slice(region.module === '' ? 0 : region.module.length + 1)),
        constant: (data, value) => this.constantText(module, data, value, region.names.get(value.id)),
        call: (node) => this.call(node, region, direction),
        lengthOf: (list) => this.lengthOf(region.module, list),
        hasSizes: !this.isLeaf(region.module),
        helper: (name) => {
          this.helpers.add(name);
          return name;
        },
      },
      hintsOf(graph, region, direction, this.isLeaf(region.module)),
    ).print();
    const first = region.module === '' ? printed.args.flatMap((arg) => this.checks[arg] ?? []) : [];
    const text = methodText('@', { ...printed, lines: [...first, ...printed.lines] });
    // Whoever calls the whole flow does it by the names of its functions.
    if (region.module !== '') for (const [name, known] of module.methods) if (known === text) return name;
    const name = freeName(stem, (other) => module.methods.has(other));
    module.methods.set(name, text);
    return name;
  }

  private call(node: Node, parent: Region, direction: Direction): string {
    const region = parent.regions.get(node.attrs['region'] as string)!;
    const name = this.method(region, region.pass === undefined ? direction : 'one_pass', direction);
    if (region.pass !== undefined) return `self.${name}`;
    const path = pythonPath(region.module.slice(parent.module === '' ? 0 : parent.module.length + 1));
    return name === 'forward' ? path : `${path}.${name}`;
  }

  /** Whether it holds tensors and no modules: then its sizes are given to it. */
  private isLeaf(path: string): boolean {
    const inner = this.members(path);
    return path !== '' && inner.every((key) => this.stored.has(joined(path, key)));
  }

  private lengthOf(module: string, list: string): number | undefined {
    const path = list.replace(/^self\.?/, '').replaceAll(/\[(\d+)\]/g, '.$1');
    if (list === `self.${places}`) return this.module(module).places.length;
    const members = this.members(joined(module, path));
    return list !== 'self' && members.every((key, i) => key === String(i)) ? members.length : undefined;
  }

  private module(path: string): Module {
    return entryOf(this.modules, path, () => ({ path, methods: new Map(), constants: [], places: [] }));
  }

  /** Text of a constant. One that differs between passes is kept for each pass, one behind the other. */
  private constantText(module: Module, data: ConstantData, value: Value, called?: string): string {
    if (called !== varied) return `self.${this.constant(module, data, value, called)}`;
    let at = module.places.findIndex((known) => areEqual(known, data));
    if (at < 0) at = module.places.push(Float32Array.from(data)) - 1;
    return `self.${places}[${at}]`;
  }

  private constant({ path, constants }: Module, data: ConstantData, value: Value, called?: string): string {
    const same = constants.find(
      (known) =>
        known.value.dtype === value.dtype &&
        sameShape(known.value.shape, value.shape) &&
        areEqual(known.data, data),
    );
    if (same) return same.name;
    const stem = called ?? constantName(data, value);
    const isTaken = (name: string): boolean =>
      constants.some((known) => known.name === name) ||
      this.tensors.some((tensor) => `${tensor.name}.`.startsWith(`${joined(path, name)}.`));
    const name = freeName(stem, isTaken);
    constants.push({ name, data, value });
    return name;
  }

  /** What makes a module; its class is printed if there is none like it, with those inside of it. */
  private made(path: string): string {
    const module = this.modules.get(path)!;
    const members = this.members(path);
    const isLeaf = this.isLeaf(path) && module.constants.length + module.places.length === 0;
    const listed = members.filter(isNumber).map((key) => this.member(joined(path, key)));
    const parts = members
      .filter((key) => !isNumber(key))
      .map((key) => {
        const text = isLeaf ? `${this.kindOf(joined(path, key))}(*${key})` : this.member(joined(path, key));
        return isName(key) ? `self.${key} = ${text}` : `setattr(self, "${key}", ${text})`;
      });
    const buffers = module.constants.map(({ name, value }) => {
      const type = { float32: '', int32: ', dtype=torch.int32', bool: ', dtype=torch.bool' }[value.dtype];
      return `self.register_buffer("${name}", torch.zeros(${tupleText(value.shape)}${type}))`;
    });
    if (module.places.length > 0) {
      const shape = tupleText([module.places.length, 1, module.places[0]!.length]);
      buffers.push(`self.register_buffer("${places}", torch.zeros(${shape}))`);
    }
    const parameters = isLeaf ? members.map((key) => `, ${key}: Shape`).join('') : '';
    const text = [
      `def __init__(self${parameters}) -> None:`,
      ...[`super().__init__(${listed.length > 0 ? listText(listed) : ''})`, ...parts, ...buffers].map(
        (line) => `    ${line}`,
      ),
      ...[...module.methods].flatMap(([name, method]) => [
        '',
        ...method.replace('def @(', `def ${name}(`).split('\n'),
      ]),
    ];
    const name = this.className(path, {
      base: listed.length > 0 ? 'nn.ModuleList' : 'nn.Module',
      lines: text,
    });
    const shapes = members.map((key) => `${key}=${tupleText(this.shapeOf(joined(path, key)))}`);
    return `${name}(${isLeaf ? shapes.join(', ') : ''})`;
  }

  /** The class of equal text, or a new one. */
  private className(path: string, made: Omit<PrintedClass, 'name' | 'modules'>): string {
    const key = made.lines.join('\n');
    const known = this.known.get(key);
    if (known) {
      known.modules.push(path);
      return known.name;
    }
    const stem = path === '' ? 'Flow' : className(path, this.isLeaf(path) ? this.tensorsIn(path) : []);
    const name = freeName(stem, (other) => this.classes.some((made) => made.name === other), '');
    const fresh = { name, ...made, modules: [path] };
    this.known.set(key, fresh);
    this.classes.push(fresh);
    return name;
  }

  private tensorsIn(path: string): StoredTensor[] {
    const within = path === '' ? '' : `${path}.`;
    return this.tensors.filter(({ name }) => name.startsWith(within));
  }

  /** Names of what a module holds: tensors, modules with classes of their own, and what only holds others. */
  private members(path: string): string[] {
    const skip = path === '' ? 0 : path.length + 1;
    return [...new Set(this.tensorsIn(path).map(({ name }) => name.slice(skip).split('.')[0]!))];
  }

  private shapeOf(path: string): readonly number[] {
    return this.tensors.find(({ name }) => name === path)?.shape ?? [];
  }

  private kindOf(path: string): 'parameter' | 'buffer' {
    return this.tensors.find(({ name }) => name === path)?.trained ? 'parameter' : 'buffer';
  }

  private member(path: string): string {
    if (this.stored.has(path)) return `${this.kindOf(path)}(${this.shapeOf(path).join(', ')})`;
    if (this.modules.has(path)) return this.made(path);
    const members = this.members(path);
    if (members.every((key, i) => key === String(i)))
      return `nn.ModuleList(${listText(members.map((key) => this.member(joined(path, key))))})`;
    const named = members.filter(isName).map((key) => `${key}=${this.member(joined(path, key))}`);
    const others = members
      .filter((key) => !isName(key))
      .map((key) => `"${key}": ${this.member(joined(path, key))}`);
    return `Part(${[...named, ...(others.length > 0 ? [`**{${others.join(', ')}}`] : [])].join(', ')})`;
  }
}

/** A list of parts that are all made in the same way as a loop. */
function listText(texts: readonly string[]): string {
  const isSame = texts.length > 2 && texts.every((text) => text === texts[0]);
  return `[${isSame ? `${texts[0]!} for _ in range(${texts.length})` : texts.join(', ')}]`;
}

function stacked(rows: readonly Float32Array[]): KeptConstant {
  const length = rows[0]!.length;
  return { dtype: 'F32', shape: [rows.length, 1, length], data: concatenated(rows) };
}

const areEqual = (a: ConstantData, b: ConstantData): boolean =>
  a.every((number, i) => Object.is(number, b[i]));

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

/** "Coupling" of "couplings.3", "ScaleNet" of "couplings.3.scaleNet"; of modules that hold tensors alone by what they are. */
function className(path: string, tensors: readonly StoredTensor[]): string {
  if (tensors.some(({ name }) => name.endsWith('.variance'))) return 'BatchNorm';
  const rank = Math.max(0, ...tensors.map(({ shape }) => shape.length));
  if (rank === 4) return 'Convolution';
  if (tensors.some(({ name }) => name.endsWith('.weight')) && rank === 2) return 'Linear';
  const word = path.split('.').findLast((part) => !isNumber(part)) ?? 'layer';
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
  const taken = new Set<string>();
  const unique = (stem: string): string => {
    const name = freeName(stem, (other) => taken.has(other));
    taken.add(name);
    return name;
  };
  const inputs = graph.inputs.map((port) => {
    if (stored.has(port.name) && !port.name.startsWith('arg:')) return port;
    const role = /^arg:(context|given)/.exec(port.name)?.[1];
    if (role !== undefined) return { ...port, name: unique(role) };
    const passName = region.pass === undefined ? undefined : region.names.get(port.value);
    if (passName !== undefined && port.name.startsWith('arg:')) return { ...port, name: unique(passName) };
    return { ...port, name: unique(region.isLayer && direction === 'inverse' ? 'y' : 'x') };
  });
  return { ...graph, inputs };
}

/** Names of results, as far as their place tells them. */
function hintsOf(
  graph: Graph,
  { module, isLayer, names }: Region,
  direction: Direction,
  isLeaf: boolean,
): Hints {
  const hints = new Map(names);
  const calls = new Set(graph.nodes.flatMap(({ op, outputs }) => (op === callOp ? outputs : [])));
  for (const { value } of graph.outputs) {
    const { shape } = graph.values.get(value)!;
    const isNamed = names.has(value) && (!isLayer || calls.has(value));
    if (shape.length > 1 && (isLeaf || !isNamed))
      hints.set(value, isLayer ? (direction === 'inverse' ? 'x' : 'y') : 'h');
  }
  if (module === '') {
    for (const { name, value } of graph.outputs) hints.set(value, name);
    for (const node of graph.nodes) {
      if (node.op !== callOp) continue;
      if (node.inputs[0] !== undefined) hints.set(node.inputs[0], 'x');
      for (const id of node.outputs) {
        const { shape } = graph.values.get(id)!;
        hints.set(id, shape.length > 1 ? 'x' : 'd');
      }
    }
  }
  return hints;
}
