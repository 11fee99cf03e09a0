import { layerDifferences } from '../../engine/inspect/layer/layer-differences';
import { firstBeyond, layerComparison } from '../../protocol/layer-differences';
import type { Model } from '../../engine/model/model';
import type { InspectedFlow } from '../../engine/model/inspected-flow';
import { shortened, UserError } from '../../base/user-error';
import { type Outcome, defineCommand, integerOption, numberOption, textOption } from '../command';
import { counted, table } from '../format';
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
    return {
      json: {
        a: a.file,
        b: b.file,
        tolerance,
        examples,
        first: first === undefined ? null : rows[first]!,
        layers: rows,
      },
      text: asText({ first, examples, tolerance }, rows),
      code: first === undefined ? 0 : foundCode,
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

interface Found {
  first: number | undefined;
  examples: number;
  tolerance: number;
}

function asText({ examples, first, tolerance }: Found, rows: readonly Row[]): string {
  const number = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
  const head =
    first === undefined
      ? `No layer differs by more than ${tolerance}, in ${counted(examples, 'example')}.`
      : `${shortened(rows[first]!.a)} is the first that differs by more than ${tolerance}, in ${counted(examples, 'example')}.`;
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
