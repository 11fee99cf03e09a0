import { layerDifferences } from '../../engine/inspect/layer/layer-differences';
import { firstBeyond, layerComparison } from '../../protocol/layer-differences';
import type { Model } from '../../engine/model/model';
import type { InspectedFlow } from '../../engine/model/inspected-flow';
import { shortened, UserError } from '../../base/user-error';
import { type Outcome, defineCommand, integerOption, numberOption, textOption } from '../command';
import { counted, scientific, table } from '../format';
import { modelHelp, openForSession } from '../model';
import { foundCode } from './diagnose';

export const compareLayersCommand = defineCommand({
  name: 'compare-layers',
  summary: 'Find the first layer in which two flows differ',
  argument: modelHelp,
  about:
    'Takes the examples of the recording, of the first where both are, through both flows and compares what each layer makes of them: the output, relative to 1 + |y|, and the log-det. The first layer that differs by more than the tolerance is named. That is how the bug in a reimplementation is found: record both on the same batch (the Python package flowscope), or compare a recording with the checkpoint that Flowscope reads.\n\n' +
    `Exit code 0: no layer differs. Exit code ${foundCode}: one does.`,
  options: {
    with: textOption('MODEL', 'The second flow: a recording or a checkpoint.', { required: true }),
    tolerance: numberOption('T', 'Largest difference that counts as none.', {
      default: layerComparison.tolerance,
    }),
    count: integerOption('N', 'Examples, at most.', { min: 1, max: 4096, default: layerComparison.examples }),
  },
  examples: {
    'Two implementations of one flow, recorded on the same batch:':
      'flowscope compare-layers theirs.flowrec.safetensors --with mine.flowrec.safetensors',
  },
  async run(session, file, { with: other, tolerance, count }): Promise<Outcome> {
    const [a, b] = [await openForSession(session, file), await openForSession(session, other)];
    const [flowA, flowB] = [await inspectedOf(a), await inspectedOf(b)];
    const found = await layerDifferences(flowA, flowB, count, session.signal);
    const first = firstBeyond(found.layers, tolerance);
    const nameOf = (flow: InspectedFlow, index: number): string => flow.layers[index]!.info.name;
    const rows = found.layers.map(({ a: i, b: j, output, logDet }) => ({
      a: nameOf(flowA, i),
      b: nameOf(flowB, j),
      output,
      logDet,
    }));
    const { examples } = found;
    const named = first === undefined ? null : rows[first]!;
    const head = named ? `${shortened(named.a)} is the first that differs` : 'No layer differs';
    return {
      json: { a: a.file, b: b.file, tolerance, examples, first: named, layers: rows },
      text: `${head} by more than ${tolerance}, in ${counted(examples, 'example')}.\n\n${tableOf(rows, first)}\n`,
      code: named ? foundCode : 0,
    };
  },
});

async function inspectedOf(model: Model): Promise<InspectedFlow> {
  if (model.inspected) return model.inspected;
  const { reason } = await model.summary();
  throw new UserError(`${model.file}: ${reason ?? 'has no layers that can be looked into.'}`);
}

type Row = Record<'a' | 'b', string> & Record<'output' | 'logDet', number>;

/** @param first that differs too much, which gets an arrow */
function tableOf(rows: readonly Row[], first: number | undefined): string {
  return table(
    [
      ['', 'layer', 'of the second', 'output', 'log-det'],
      ...rows.map((row, i) => [
        i === first ? '→' : '',
        shortened(row.a),
        row.b === row.a ? '' : shortened(row.b),
        scientific(row.output),
        scientific(row.logDet),
      ]),
    ],
    [3, 4],
  );
}
