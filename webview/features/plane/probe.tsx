/** The path of one point in numbers: where it is after every layer, and what each adds to ln p. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { PathStart, PlanePath } from '../../../src/protocol/plane';
import { NumberField } from '../../base/controls/number-field';
import { Button, LinkButton } from '../../base/controls/toolkit';
import { fixed, signed } from '../../base/format/numbers';
import { pair } from './board';
import { planeState } from './state';
import { latest } from '../../base/store/store';
import { useStore, useFeature, AnswerView } from '../../base/store/use-store';
import { subscript } from '../../../src/base/digits';
import { featureName, layerNumber, layerPhrase, shortName } from '../../base/layers/layer-names';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { text } from './text';

export function Probe({ model, stage, last }: { model: ModelSummary; stage: number; last: number }) {
  const store = useStore();
  const planes = store.state(planeState);
  const start = store.probe.value;
  const answer = planes.path.answer.value;
  const path = latest(answer);
  // The path before belongs to another point.
  const found = answer.status === 'ready' ? answer.value : undefined;
  return (
    <div class="plane-probe flex-column">
      <div class="ends">
        <h3>{text.probe}</h3>
        <span class="tick" data-probe={start?.kind ?? 'selected'}>
          {nameOf(start)}
        </span>
      </div>
      {store.isSaved ? (
        <p class="tick">{text.probeSaved}</p>
      ) : (
        <div class="ctl">
          <Coordinates key={stage} model={model} stage={stage} last={last} start={start} path={path} />
          <span class="spring" />
          <Button
            disabled={!start || !found}
            onClick={() => {
              if (!start || !found) return;
              const values = [found.points.data[0]!, found.points.data[1]!];
              store.selectExample(start.kind === 'example' ? start.example : { kind: 'values', values });
              store.probe.value = undefined;
            }}
          >
            {words.useAsExample}
          </Button>
        </div>
      )}
      <AnswerView
        question={planes.path}
        idle={<p class="tick">{text.probeNone}</p>}
        skeleton={<div class="skeleton" style={{ height: `${(last + 4) * 20}px` }} />}
      >
        {(found) => <PathTable model={model} path={found} stage={stage} />}
      </AnswerView>
    </div>
  );
}

function nameOf(start: PathStart | undefined): string {
  if (!start) return text.probeSelected;
  if (start.kind === 'point') return text.probePoint;
  const { example } = start;
  return 'index' in example
    ? text.probeExample(example.kind === 'data' ? example.split : words.aSample, example.index)
    : text.probePoint;
}

interface CoordinatesProps {
  model: ModelSummary;
  stage: number;
  last: number;
  start: PathStart | undefined;
  path: PlanePath | undefined;
}

/** Two fields: what is typed is the point at this stage. */
function Coordinates({ model, stage, last, start, path }: CoordinatesProps) {
  const store = useStore();
  const letter = stage === 0 ? 'x' : stage === last ? 'z' : 'h';
  // A point that was typed here is shown before its path is found.
  const known =
    start?.kind === 'point' && start.stage === stage ? start.point : path && pair(path.points.data, stage);
  const change = (axis: 0 | 1, value: number): void => {
    const point: [number, number] = [...(known ?? ([0, 0] as const))];
    point[axis] = value;
    store.probe.value = { kind: 'point', stage, point };
  };
  return (
    <>
      {([0, 1] as const).map((axis) => (
        <NumberField
          key={axis}
          label={featureName(model, axis, letter)}
          placeholder={featureName(model, axis, letter)}
          shown={known && Number.isFinite(known[axis]) ? fixed(known[axis], 2) : ''}
          size={7}
          onChange={(value) => change(axis, value)}
        />
      ))}
    </>
  );
}

/** The number that the strip has, or the name. */
function namesOf(layer: LayerInfo | undefined, model: ModelSummary): { name: string; long: string } {
  if (!layer) return { name: 'x', long: text.dataSpace };
  const long = text.afterLayer(layerPhrase(layer, model));
  return { name: String(layerNumber(layer, model) ?? shortName(layer)), long };
}

function PathTable({ model, path, stage }: { model: ModelSummary; path: PlanePath; stage: number }) {
  const planes = useFeature(planeState);
  const layers = model.layers.length;
  let sum = 0;
  const rows = Array.from({ length: layers + 1 }, (_, k) => {
    const logDet = k === 0 ? undefined : path.logDets[k - 1]!;
    sum += logDet ?? 0;
    return { k, ...namesOf(k === 0 ? undefined : model.layers[k - 1], model), logDet, sum };
  });
  type Row = (typeof rows)[number];
  const ofFinite = (value: number | undefined): string => (Number.isFinite(value ?? 0) ? '' : 'bad');
  const figures = (
    head: string,
    valueOf: (row: Row) => number | undefined,
    textOf = signed,
  ): TableColumn<Row> => ({
    head,
    td: (row) => ({ class: ofFinite(valueOf(row)) }),
    num: (row) => (valueOf(row) === undefined ? null : textOf(valueOf(row), 2)),
  });
  return (
    <DataTable
      class="rows-table path-table"
      label={text.pathTable}
      rows={rows}
      tr={({ k }) => ({ 'aria-selected': k === stage, 'data-path-row': k })}
      columns={[
        {
          head: text.pathAfter,
          cell: ({ k, name, long }) => (
            <LinkButton
              aria-label={`${name}: ${long}`}
              title={long}
              aria-current={k === stage ? 'step' : undefined}
              onClick={() => {
                planes.playing.value = false;
                planes.setStage(k);
              }}
            >
              {name}
            </LinkButton>
          ),
        },
        figures(`h${subscript(1)}`, ({ k }) => path.points.data[2 * k], fixed),
        figures(`h${subscript(2)}`, ({ k }) => path.points.data[2 * k + 1], fixed),
        figures(words.logDet, ({ logDet }) => logDet),
        figures(words.sum, ({ k, sum: total }) => (k === 0 ? undefined : total)),
      ]}
    >
      <tfoot>
        <tr>
          <td colSpan={3}>{text.pathPrior}</td>
          <td class={`num ${ofFinite(path.prior)}`}>{signed(path.prior, 2)}</td>
          <td />
        </tr>
        <tr>
          <th colSpan={3} scope="row">
            {text.pathTotal}
          </th>
          <td />
          <td class="num" data-value="logDensity">
            <b>{signed(path.logDensity, 2)}</b>
          </td>
        </tr>
      </tfoot>
    </DataTable>
  );
}
