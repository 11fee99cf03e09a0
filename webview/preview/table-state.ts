/** The choices made in a table, and the queries when they change. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { TableOverview } from '../../src/protocol/data';
import type { DataChoice } from '../../src/protocol/engine';
import {
  firstMissing,
  firstUses,
  type Missing,
  tableChoice,
  type Use,
  withUse,
} from '../../src/protocol/table-choice';

export type TableState = ReturnType<typeof tableState>;

/** Choices follow each other; reading the data for each is too often. */
const quiet = 300;

/** What was chosen of a table. */
export interface KeptTable {
  /** Names and types of its columns. */
  columns: string;
  uses: readonly Use[];
  missing: Missing;
  maps: Readonly<Record<number, string>>;
}

export const keptTable = ({ overview, uses, missing, maps }: TableState): KeptTable => ({
  columns: names(overview),
  uses: uses.value,
  missing: missing.value,
  maps: maps.value,
});

/** @param before choices from an earlier reading of the file: kept where the columns are the same */
export function tableState(
  overview: TableOverview,
  onChoice: (choice: DataChoice) => void,
  before?: KeptTable,
) {
  const same = before?.columns === names(overview) ? before : undefined;
  const first = same?.uses ?? firstUses(overview.columns);
  const uses = signal<readonly Use[]>(first);
  const missing = signal<Missing>(same?.missing ?? firstMissing(overview, first));
  /** The column that stepped back for the latest choice, since a table has one class. */
  const steppedBack = signal<{ at: number; for: number } | undefined>(undefined);
  /** Maps that were chosen, by column. */
  const maps = signal<Readonly<Record<number, string>>>(same?.maps ?? {});
  const choice = computed(() => tableChoice(overview, uses.value, missing.value, maps.value));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let started = false;
  const stop = effect(() => {
    const now = choice.value;
    clearTimeout(timer);
    if (started) timer = setTimeout(() => onChoice(now), quiet);
    else untracked(() => onChoice(now));
    started = true;
  });
  return {
    overview,
    uses,
    missing,
    maps,
    choice,
    steppedBack,
    use(at: number, use: Use) {
      const before = uses.value;
      const after = withUse(overview.columns, before, at, use);
      const other = after.findIndex((each, i) => i !== at && each !== before[i]);
      steppedBack.value = other < 0 || use === 'weight' ? undefined : { at: other, for: at };
      uses.value = after;
    },
    /** Maps a column, or leaves it as it is. */
    map(at: number, map: string | undefined) {
      const { [at]: _, ...others } = maps.value;
      maps.value = map === undefined ? others : { ...others, [at]: map };
    },
    fill(how: Missing) {
      missing.value = how;
    },
    dispose() {
      clearTimeout(timer);
      stop();
    },
  };
}

const names = ({ columns }: TableOverview): string =>
  JSON.stringify(columns.map(({ name, type }) => [name, type]));
