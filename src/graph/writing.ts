/** What the writers of the formats have alike. */
import { entryOf } from '../base/kept';
import { UserError } from '../base/user-error';
import { type Graph, type Value, isDynamic } from './ir';

/** Names that are each given once: NAME, NAME_1, NAME_2, … */
export class UniqueNames {
  private readonly taken = new Map<string, number>();

  constructor(taken: readonly string[] = []) {
    for (const name of taken) this.taken.set(name, 1);
  }

  unique(name: string): string {
    const count = this.taken.get(name) ?? 0;
    this.taken.set(name, count + 1);
    return count === 0 ? name : this.unique(`${name}_${count}`);
  }
}

export class GraphWriter {
  /** Names of what is written once, by what it is. */
  private readonly shared = new Map<string, string>();

  constructor(readonly graph: Graph) {}

  typeOf(id: number): Value {
    return this.graph.values.get(id)!;
  }

  isDynamic(dim: number): boolean {
    return isDynamic(dim, this.graph.dynamicBatch);
  }

  /** The input and its axis that tell the batch size. */
  protected batchAxis(): { value: number; axis: number } {
    for (const { value } of this.graph.inputs) {
      const axis = this.typeOf(value).shape.indexOf(this.graph.dynamicBatch!);
      if (axis >= 0) return { value, axis };
    }
    throw new UserError(
      'The batch size of this graph is open, but no input tells it: none has a batch axis.',
    );
  }

  protected once(key: string, make: () => string): string {
    return entryOf(this.shared, key, make);
  }
}
