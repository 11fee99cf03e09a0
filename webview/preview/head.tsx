/** The head of a column: what the flow does with it, what is in it, and what is missing. */
import type { OverviewColumn, ValueFinding } from '../../src/protocol/data';
import { offeredMap } from '../../src/protocol/offered-map';
import { between, tickText } from '../base/format/numbers';
import { Bars } from './bars';
import { ClassList } from './classes';
import { allowedUses, isRare, type Use, uses, whyLeftOut } from '../../src/protocol/table-choice';
import type { TableState } from './table-state';
import { text } from './text';

const shownClasses = 3;

export function ColumnHead({ table, at }: { table: TableState; at: number }) {
  const column = table.overview.columns[at]!;
  const { looked } = table.overview;
  const use = table.uses.value[at]!;
  const { gaps } = column;
  const stepped = table.steppedBack.value;
  const offer = use === 'use' && column.numbers ? offeredMap(column.numbers) : undefined;
  const why = use === 'leave out' ? leftOutText(table, at) : undefined;
  return (
    <>
      <span class="name ellipsis" title={column.name}>
        {column.name}
      </span>
      <UseSelect table={table} at={at} />
      {stepped?.for === at ? (
        <span class="stepped-back tick" role="status">
          {text.steppedBack(table.overview.columns[stepped.at]!.name, table.uses.value[stepped.at] === 'use')}
        </span>
      ) : null}
      {why ? <span class="left-out-why tick">{why}</span> : null}
      <div class="look">
        <Look column={column} />
      </div>
      <span class="tick">{kindOf(column)}</span>
      {(column.numbers?.findings ?? []).map((finding) =>
        why && finding.kind === 'row number' ? null : (
          <span key={finding.kind} class="finding tick">
            {findingText(finding)}
          </span>
        ),
      )}
      {column.numbers?.wholeNumbers !== undefined && !isFew(column) ? (
        <span class="finding tick">{text.wholeNumbers(column.numbers.wholeNumbers)}</span>
      ) : null}
      {offer ? (
        <label class="map tick" title={offer.startsWith('dequantize') ? text.noiseWhy : text.keepsBounds}>
          <input
            type="checkbox"
            checked={table.maps.value[at] !== undefined}
            onChange={(event) => table.map(at, event.currentTarget.checked ? offer : undefined)}
          />
          {mapText(offer)}
        </label>
      ) : null}
      <span class={`gaps ${gaps > 0 ? 'some' : 'tick'}`}>
        {gaps > 0 ? (
          <span class="share" aria-hidden="true">
            <span style={{ width: `${Math.max(2, (gaps / Math.max(1, looked)) * 100)}%` }} />
          </span>
        ) : null}
        {gaps > 0 ? text.gapCount(gaps) : text.noGaps}
      </span>
    </>
  );
}

function UseSelect({ table, at }: { table: TableState; at: number }) {
  const column = table.overview.columns[at]!;
  const use = table.uses.value[at]!;
  const allowed = allowedUses(column);
  return (
    <select
      class="use"
      aria-label={text.useOf(column.name)}
      title={text.useHint[use]}
      value={use}
      onChange={(event) => table.use(at, event.currentTarget.value as Use)}
    >
      {uses
        .filter((each) => !isRare(each) || allowed.includes(each))
        .map((each) => (
          <option key={each} value={each} disabled={!allowed.includes(each)}>
            {allowed.includes(each) ? text.uses[each] : text.notFor(text.uses[each], each === 'use')}
          </option>
        ))}
    </select>
  );
}

function leftOutText({ overview: { columns }, uses }: TableState, at: number): string | undefined {
  const found = whyLeftOut(columns, at);
  if (found?.why !== 'second class') return found && text.leftOut[found.why];
  const isClass = ['label', 'condition'].includes(uses.value[found.label]!);
  return isClass ? text.labelIs(columns[found.label]!.name) : undefined;
}

function Look({ column: { name, numbers, seen, counts, type } }: { column: OverviewColumn }) {
  if (numbers && type === 'number') {
    const shown = between(numbers.min, numbers.max);
    return (
      <>
        <Bars name={name} histogram={numbers.histogram} />
        <span class="range flex-wrap tick">
          <span>{shown(numbers.min)}</span>
          <span>{shown(numbers.max)}</span>
        </span>
      </>
    );
  }
  if (!seen || !counts) return null;
  const classes = seen
    .map((value, i) => ({ name: value, examples: counts[i]! }))
    .sort((a, b) => b.examples - a.examples);
  return <ClassList classes={classes.slice(0, shownClasses)} />;
}

function findingText(finding: ValueFinding): string {
  switch (finding.kind) {
    case 'few values':
      return text.fewValues(finding.distinct);
    case 'limits':
      return text.endsAt(
        [finding.low, finding.high].flatMap((limit) => (limit ? [tickText(limit.value)] : [])),
      );
    default:
      return text.findings[finding.kind];
  }
}

const isFew = ({ numbers }: OverviewColumn): boolean =>
  numbers?.findings?.some(({ kind }) => kind === 'few values') ?? false;

/** @param offer as a config writes it */
function mapText(offer: string): string {
  const hasNoise = offer.startsWith('dequantize');
  const [kind, ...bounds] = offer.replace(/^dequantize:?/, '').split(':') as [string];
  return kind === '' ? text.noise : (hasNoise ? text.noiseAnd : text.map)(kind, ...bounds);
}

function kindOf({ type, numbers, distinct, seen }: OverviewColumn): string {
  if (type === 'number')
    return numbers ? text.meanOf(between(numbers.min, numbers.max)(numbers.mean)) : text.empty;
  if (type === 'date') return text.dates(distinct);
  return seen ? text.classes(distinct) : text.texts(distinct);
}
