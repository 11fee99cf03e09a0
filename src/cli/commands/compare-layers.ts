import { firstDifference, type FlowDifference } from '../../engine/inspect/first-difference';
import type { Model } from '../../engine/model/model';
import type { InspectedFlow } from '../../engine/model/inspected-flow';
import { shortened, UserError } from '../../base/user-error';
import { defineCommand, type Outcome } from '../command';
import { count as shown, table } from '../format';
import { modelHelp, openForSession } from '../model';
import { foundCode } from './diagnose';

export const compareLayersCommand = defineCommand({
  name: 'compare-layers',
  summary: 'Find the first layer in which two flows differ',
  argument: modelHelp,
  about:
    'Takes the examples of the first flow through both and compares what each layer makes of them: the output, relative to 1 + |y|, and the log-det. The first layer that differs by more than the tolerance is named. That is how the bug in a reimplementation is found: record both on the same batch (the Python package flowscope), or compare a recording with the checkpoint that Flowscope reads.\n\n' +
    `Exit code 0: no layer differs. Exit code ${foundCode}: one does.`,
  options: {
    with: {
      type: 'text',
      value: 'MODEL',
      required: true,
      help: 'The second flow: a recording or a checkpoint.',
    },
    tolerance: { type: 'number', value: 'T', default: 1e-4, help: 'Largest difference that counts as none.' },
    count: { type: 'integer', value: 'N', min: 1, max: 4096, default: 64, help: 'Examples, at most.' },
  },
  examples: [
    {
      command: 'flowscope compare-layers theirs.flowrec.safetensors --with mine.flowrec.safetensors',
      says: 'Two implementations of one flow, recorded on the same batch:',
    },
  ],
  async run(session, given, { with: other, tolerance, count }): Promise<Outcome> {
    const [a, b] = [await openForSession(session, given), await openForSession(session, other)];
    const [ours, theirs] = [await inspectedOf(a), await inspectedOf(b)];
    const found = await firstDifference(ours, theirs, { count, tolerance }, session.signal);
    const nameOf = (flow: InspectedFlow, index: number): string => flow.layers[index]!.info.name;
    const rows = found.layers.map(({ a: i, b: j, output, logDet }) => ({
      a: nameOf(ours, i),
      b: nameOf(theirs, j),
      output,
      logDet,
    }));
    const first = found.first === undefined ? undefined : rows[found.first]!;
    return {
      json: { a: a.file, b: b.file, tolerance, examples: found.examples, first: first ?? null, layers: rows },
      text: asText(found, rows, tolerance),
      code: first ? foundCode : 0,
    };
  },
});

async function inspectedOf(model: Model): Promise<InspectedFlow> {
  if (model.inspected) return model.inspected;
  const { reason } = await model.summary();
  throw new UserError(`${model.file}: ${reason ?? 'has no layers that can be looked into.'}`);
}

interface Row {
  a: string;
  b: string;
  output: number;
  logDet: number;
}

function asText({ examples, first }: FlowDifference, rows: readonly Row[], tolerance: number): string {
  const number = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
  const head =
    first === undefined
      ? `No layer differs by more than ${tolerance}, in ${shown(examples)} examples.`
      : `${shortened(rows[first]!.a)} (layer ${first}) is the first that differs by more than ${tolerance}, in ${shown(examples)} examples.`;
  return `${head}\n\n${table(
    [
      ['', 'layer', 'of the second', 'output', 'log-det'],
      ...rows.map((row, i) => [
        i === first ? '→' : '',
        shortened(row.a),
        row.b === row.a ? '' : shortened(row.b),
        number(row.output),
        number(row.logDet),
      ]),
    ],
    [3, 4],
  )}\n`;
}
