/**
 * Every value that a convention can have is in a case of the contract, and counts there: with any other value of the same
 * field the flow would be another one. What values there are is read off the schema, so a new one without a case fails.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { imageModelSchema } from '../../src/config/image-model';
import type { ModelConfig } from '../../src/config/schema';
import { vectorModelSchema } from '../../src/config/vector-model';
import { contextInputs, graphContext, storedTensors } from '../../src/engine/model/flow-graphs';
import { buildFlow, buildPreprocess } from '../../src/flow/flow';
import { trace } from '../../src/graph/trace/trace';
import { conventionCases } from './convention-cases';
import { onCpu } from './eager';

/** As much of a schema as tells its values. */
interface Schema {
  type: string;
  wrapped?: Schema;
  options?: readonly unknown[];
}

function valuesOf({ type, wrapped, options }: Schema): readonly unknown[] {
  if (type === 'optional') return valuesOf(wrapped!);
  if (type === 'picklist') return options!;
  return type === 'boolean' ? [true, false] : [];
}

const schemas = { vector: vectorModelSchema, image: imageModelSchema };
/** Say how arrays are written, and nothing of the map. */
const ofArrays = new Set(['latents']);
const batch = 3;
const graphs = new Map<string, string>();

/** What a step of training computes: latents, log-dets and new running statistics, as a graph. */
function graphOf(model: ModelConfig): string {
  const key = JSON.stringify(model);
  let graph = graphs.get(key);
  if (graph === undefined) {
    const flow = buildFlow(model);
    const preprocess = buildPreprocess(model, flow);
    const traced = trace(
      (inputs) => {
        const ctx = graphContext({ flow, preprocess }, inputs, { training: true });
        const x = preprocess ? preprocess.forward(ctx, inputs.x!).value : inputs.x!;
        const { value, logDet } = flow.forward(ctx, x);
        return { value, logDet, ...ctx.updates };
      },
      [
        ...storedTensors(flow),
        { name: 'x', shape: [batch, ...flow.inputShape] },
        ...contextInputs(flow, batch),
      ],
    );
    graph = JSON.stringify(traced, (_, value: unknown) => {
      if (value instanceof Map) return [...value];
      return ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value;
    });
    graphs.set(key, graph);
  }
  return graph;
}

before(onCpu);

for (const [kind, { entries }] of Object.entries(schemas)) {
  describe(`conventions of ${kind} flows`, () => {
    const fields = Object.entries(entries as Record<string, Schema>)
      .map(([field, schema]) => [field, valuesOf(schema)] as const)
      .filter(([field, values]) => values.length > 0 && !ofArrays.has(field));

    it('are found in the schema', () => {
      const names = fields.map(([field]) => field);
      for (const known of ['affine', 'scaleMap', 'flowNorm', 'polarity']) assert.ok(names.includes(known));
    });

    for (const [field, values] of fields) {
      it(`${field}: ${values.join(', ')}`, () => {
        for (const value of values) {
          const holders = conventionCases.filter(
            ({ model }) => model.kind === kind && (model as Record<string, unknown>)[field] === value,
          );
          assert.ok(holders.length > 0, `${field}: ${JSON.stringify(value)} is in no case`);
          const others = values.filter((other) => other !== value);
          const counts = holders.some(({ model }) =>
            others.every((other) => graphOf(model) !== graphOf({ ...model, [field]: other })),
          );
          assert.ok(counts, `${field}: ${JSON.stringify(value)} makes no difference in any case that has it`);
        }
      });
    }
  });
}

describe('flows that are written out', () => {
  for (const [kind, { entries }] of Object.entries(schemas)) {
    it(`have a case with each kind of layer of ${kind} flows`, () => {
      const kinds = entries.layers.wrapped.item.options.map((layer) => layer.entries.kind.literal);
      const seen = conventionCases.flatMap(({ model }) =>
        model.kind === kind ? (model.layers ?? []).map((layer) => layer.kind) : [],
      );
      assert.deepEqual([...new Set(seen)].sort(), [...kinds].sort());
    });
  }
});
