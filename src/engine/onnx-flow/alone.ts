/** Rows of the strip run alone, near the values that they have for one example. */
import { pendingOf } from '../../base/kept';
import { concatenated } from '../../base/rows';
import { sizeOf } from '../../base/shape';
import type { AloneLayer, LayerRecord } from '../model/inspected-flow';
import type { AnalyzedFlow } from './analyze';
import { openLayerPart, sizedProbe, type LayerPart } from './layer-part';
import { movingOf } from './layers';
import type { OutsideStep } from './directions';
import type { FlowRows } from './rows';

/** States that a part takes at once, where it can. */
const usualBatch = 32;

export function createAloneLayers(
  flow: AnalyzedFlow,
  { rows, backward }: FlowRows,
  outside: OutsideStep | undefined,
) {
  const opened = new Map<number, Promise<LayerPart>>();
  const partOfRow = (index: number): Promise<LayerPart> =>
    pendingOf(opened, index, async () => {
      const found = rows[index]!.found!;
      const probe = await sizedProbe(flow.probe, flow.probe.ports.fixedBatch ?? usualBatch);
      const to = movingOf(found).map((k) => found.end[k]!);
      return openLayerPart(probe, found.before, to);
    });

  return {
    /** Undefined for rows that only move values. */
    async open(
      index: number,
      records: readonly LayerRecord[],
      context: Float32Array | undefined,
    ): Promise<AloneLayer | undefined> {
      const row = rows[index];
      if (row?.outside && outside) {
        const size = sizeOf(row.info.inputShape);
        return {
          backward: false,
          batch: usualBatch,
          async run(inputs) {
            const { value } = await outside.forward(concatenated(inputs), inputs.length);
            return inputs.map((_, i) => value.slice(i * size, (i + 1) * size));
          },
        };
      }
      const found = row?.found;
      if (!found) return undefined;
      const part = await partOfRow(index);
      // The cut has all values of the flow, also the ones that this row does not work on.
      const state = new Float32Array(flow.probe.variables.count).fill(NaN);
      rows.forEach(({ before, after }, i) => {
        const { input, output } = records[i]!;
        before.forEach((id, k) => (state[id] = input.data[k]!));
        after.forEach((id, k) => (state[id] = output.data[k]!));
      });
      const moving = movingOf(found);
      const from = backward ? row.after : row.before;
      return {
        backward,
        batch: part.batch,
        async run(inputs) {
          const states = Array.from({ length: part.batch }, (_, i) => {
            const filledState = state.slice();
            const input = inputs[Math.min(i, inputs.length - 1)]!;
            from.forEach((id, k) => (filledState[id] = input[k]!));
            return filledState;
          });
          const ends = await part.run(
            states,
            states.map(() => context),
          );
          return inputs.map((input, i) => {
            // What the layer does not touch comes out as it went in.
            const output = input.slice();
            moving.forEach((k, at) => {
              const element = row.elementAt[found.positions[k]!]!;
              if (element >= 0) output[element] = ends[i]![at]!;
            });
            return output;
          });
        },
      };
    },
    async dispose() {
      for (const opening of opened.values()) await (await opening.catch(() => undefined))?.release();
      opened.clear();
    },
  };
}
