/** Prints a region as the lines of a method. */
import type { ConstantData, Graph, Node, Value } from '../ir';
import { atom, called, numberText, within, binds, type Expression } from './expressions';
import type { HelperName } from './helpers';
import { asLoops } from './loops';
import { namesOf, type Hints, type Naming } from './names';
import { printOperator, type Printing } from './operators';
import { callOp } from './regions';
import { statementsOf, type Statements } from './statements';
import { GraphWriter } from '../writing';

/** What a function finds in the module that it is a method of. */
export interface Surroundings {
  /** The expression for a stored tensor, for example "self.net[0].weight". */
  tensor(name: string): string;
  /** Keeps a constant in the module. */
  constant(data: ConstantData, value: Value): string;
  /** What is called for the region of a call, for example "self.net". */
  call(node: Node): string;
  helper(name: HelperName): string;
  /** Modules in a list of them. */
  lengthOf(list: string): number | undefined;
  /** Whether the sizes of the module are written in its methods; else they are left open. */
  hasSizes: boolean;
}

/** By rank. */
const openSizes = ['', 'N', 'N, D', 'N, L, D', 'N, H, W, C'];

export class FunctionPrinter extends GraphWriter {
  private readonly statements: Statements;
  private readonly names: Naming;
  private readonly args: Graph['inputs'];
  private readonly tensors: ReadonlyMap<number, string>;
  private needsBatch = false;

  constructor(
    graph: Graph,
    stored: ReadonlySet<string>,
    private readonly surroundings: Surroundings,
    hints: Hints,
  ) {
    super(graph);
    this.args = graph.inputs.filter(({ name }) => !stored.has(name));
    this.tensors = new Map(
      graph.inputs.flatMap(({ name, value }) => (stored.has(name) ? [[value, name] as const] : [])),
    );
    this.statements = statementsOf(graph);
    this.names = namesOf({ ...graph, inputs: this.args }, this.statements, hints);
  }

  print() {
    const lines = this.statements.lines.map((line, at) => {
      const right = this.expression(line);
      const left = this.names.define(line, at).join(', ');
      const isSingle = line.outputs.length === 1 && (line.op === 'SplitV' || line.op === 'Unpack');
      return `${left}${isSingle ? ',' : ''} = ${right.text}`;
    });
    const results = this.graph.outputs.map(({ value }) => this.value(value).text);
    if (this.needsBatch) lines.unshift(`n = len(${this.like()})`);
    const typed = (text: string, id: number): string => `${text} ${this.shapeText(id)}`;
    const parameters = this.args.map(({ name, value }) => typed(name, value)).join(', ');
    const returned = this.graph.outputs.map(({ value, name }) =>
      typed(name.includes(':') ? this.value(value).text : name, value),
    );
    return {
      args: this.args.map(({ name }) => name),
      /** For example "x [N, 2], context [N, 1] → y [N, 2], log_det [N]". */
      types: `${parameters} → ${returned.join(', ')}`,
      results: results.length,
      lines: asLoops([...lines, `return ${results.join(', ')}`], (list) => this.surroundings.lengthOf(list)),
    };
  }

  private shapeText(id: number): string {
    const { shape } = this.typeOf(id);
    if (!this.surroundings.hasSizes) return `[${openSizes[shape.length] ?? '…'}]`;
    return `[${shape.map((dim) => this.dimText(dim, 'N')).join(', ')}]`;
  }

  private dimText(dim: number, batch: string): string {
    if (!this.isDynamic(dim)) return String(dim);
    const times = dim / this.graph.dynamicBatch!;
    return times === 1 ? batch : `${times} * ${batch}`;
  }

  private like(): string {
    const arg =
      this.args.find(({ value }) => this.isDynamic(this.typeOf(value).shape[0] ?? 0)) ?? this.args[0];
    if (arg) return arg.name;
    const [first] = this.tensors.values();
    return first === undefined ? 'torch.zeros(1)' : this.surroundings.tensor(first);
  }

  /** For the operator of one node. */
  private printing(node?: Node): Printing {
    const numbers = new Set(
      node?.inputs.filter((_, at) => this.statements.numberAt(node, at) !== undefined) ?? [],
    );
    return {
      typeOf: (id) => this.typeOf(id),
      isDynamic: (dim) => this.isDynamic(dim),
      dim: (dim) => {
        if (this.isDynamic(dim)) this.needsBatch = true;
        return this.dimText(dim, 'n');
      },
      like: () => this.like(),
      helper: (name) => this.surroundings.helper(name),
      isNumber: (id) => numbers.has(id),
    };
  }

  private expression(node: Node): Expression {
    if (node.op === callOp)
      return called(this.surroundings.call(node), ...node.inputs.map((id) => this.value(id)));
    const biased = this.biasedExpression(node);
    if (biased) return biased;
    if (node.op === 'Relu' && this.statements.overwrites(node))
      return called('F.relu', this.value(node.inputs[0]!), 'inplace=True');
    const inputs = node.inputs.map((id, at) => this.operand(node, id, at));
    return printOperator(node, inputs, this.printing(node));
  }

  /** Products and convolutions take their bias themselves. */
  private biasedExpression(node: Node): Expression | undefined {
    const product = this.statements.biased(node);
    if (!product) return undefined;
    const bias = this.value(node.inputs[1]!);
    const inputs = product.inputs.map((id) => this.value(id));
    if (product.op === 'Conv2D') return printOperator(product, [...inputs, bias], this.printing());
    const [x, weight] = inputs as [Expression, Expression];
    // Without the transposed weight of F.linear, whose gradient would be copied.
    if (this.typeOf(product.inputs[0]!).shape.length === 2) return called('torch.addmm', bias, x, weight);
    return called('F.linear', x, `${within(weight, binds.atom)}.T`, bias);
  }

  private operand(node: Node, id: number, at: number): Expression {
    const number = this.statements.numberAt(node, at);
    if (number === undefined) return this.value(id);
    const text = numberText(number, this.typeOf(id).dtype);
    return text.startsWith('-') ? { text, binds: binds.negation } : atom(text);
  }

  private value(id: number): Expression {
    const tensor = this.tensors.get(id);
    if (tensor !== undefined) return atom(this.surroundings.tensor(tensor));
    const data = this.graph.constants.get(id);
    if (data) return atom(this.surroundings.constant(data, this.typeOf(id)));
    const node = this.statements.inlined(id);
    return node ? this.expression(node) : atom(this.names.of(id));
  }
}

/** `def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:` and what is in it. */
export function methodText(
  name: string,
  { args, types, results, lines }: ReturnType<FunctionPrinter['print']>,
): string {
  const parameters = ['self', ...args.map((arg) => `${arg}: Tensor`)].join(', ');
  const type = results === 1 ? 'Tensor' : `tuple[${Array<string>(results).fill('Tensor').join(', ')}]`;
  return [
    `def ${name}(${parameters}) -> ${type}:`,
    `    """${types}"""`,
    ...lines.map((line) => `    ${line}`),
  ].join('\n');
}
