/** The first line of a comparison: which of the two is better on the same held-out examples, or why that cannot be said. */
import {
  type Estimate,
  type Incomparable,
  type PairedScores,
  winnerOf,
} from '../../../src/protocol/paired-scores';
import { contextNumbers, type ModelSummary } from '../../../src/protocol/model';
import { decimalsOf, fixed, percent, shapeText } from '../../base/format/numbers';
import { useFeature, AnswerView } from '../../base/store/use-store';
import { words } from '../../base/words';
import { compareState } from './state';
import { text } from './text';

export interface Pair {
  a: ModelSummary;
  b: ModelSummary;
}

export function Verdict(pair: Pair) {
  const { verdict } = useFeature(compareState);
  return (
    <section class="compare-verdict" aria-label={text.verdict}>
      <AnswerView question={verdict} failedTitle={text.verdictFailed}>
        {(found) =>
          'why' in found ? (
            <p data-verdict={found.why}>
              <b>{text.apart}</b> {reasonOf(found.why, pair)}
            </p>
          ) : (
            <Found found={found} />
          )
        }
      </AnswerView>
    </section>
  );
}

function Found({ found }: { found: PairedScores }) {
  const { unit, difference, rows, of, a, b, better } = found;
  const shown = unit === 'nats' ? words.nats : words.bitsPerDim;
  const decimals = unit === 'nats' ? decimalsOf(difference.error) : Math.max(3, decimalsOf(difference.error));
  const estimate = ({ mean, error }: Estimate): string =>
    `${fixed(mean, decimals)} ± ${fixed(error, decimals)}`;
  const by = `${estimate({ ...difference, mean: Math.abs(difference.mean) })} ${shown}`;
  const winner = winnerOf(found);
  const ahead = difference.mean > 0 ? 'B' : 'A';
  return (
    <>
      <p data-verdict={winner ?? 'none'}>
        <b>{winner ? text.better(winner, by) : text.noWinner(ahead, by)}</b> {text.onRows(rows, of)}
        {`: −log p A ${estimate(a)}, B ${estimate(b)}.`}
      </p>
      <p class="tick">
        {text.betterOn(percent(better))} {of ? text.otherUnknown(of === 'A' ? 'B' : 'A') : ''}
      </p>
    </>
  );
}

function reasonOf(why: Incomparable, { a, b }: Pair): string {
  const of = (model: ModelSummary): string => densityOf(model, why === 'features' ? inputText(model) : 'x');
  return text.why[why](of(a), of(b));
}

/** Names that are listed one by one. */
const fewNames = 6;

/** "speed, height" or "8×8×1, 17 levels" */
function inputText({ shape, levels, featureNames }: ModelSummary): string {
  if (featureNames && featureNames.length <= fewNames) return featureNames.join(', ');
  return [shapeText(shape), ...(levels === undefined ? [] : [words.levels(levels)])].join(', ');
}

/** "p(x | cls)" */
function densityOf({ context }: ModelSummary, x: string): string {
  if (!context) return `p(${x})`;
  const { named, count } = contextNumbers(context);
  const numbers = named.length > 0 ? named : count > 0 ? [text.numbers(count)] : [];
  return `p(${x} | ${[...(context.classes ? [text.classOf] : []), ...numbers].join(', ')})`;
}
