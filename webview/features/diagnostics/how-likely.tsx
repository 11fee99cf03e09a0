/** The example among the examples of train, validation and the user's own data. */
import type { Diagnostics } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { Distribution } from '../../base/charts/distribution';
import { fixed, shortened } from '../../base/format/numbers';
import { distributionNumbers } from './numbers';
import { Scoring } from '../../base/examples/scoring';
import { shareBelow, populationState } from '../../base/store/population-state';
import { useStore } from '../../base/store/use-store';
import { splitName } from '../../base/split-name';
import { words } from '../../base/words';
import { text } from './text';
import { ChartBox } from '../../base/takeaway/chart-box';

export interface HowLikelyProps {
  model: ModelSummary;
  answer: Diagnostics;
  own: number | undefined;
}

/** @param own −log p of the example, in the unit of the answer */
export function HowLikely({ model, answer, own }: HowLikelyProps) {
  const store = useStore();
  const compared = store.state(populationState).ownScores.value;
  const name = compared && shortened(compared.name, 10);
  const data = answer.train !== undefined || answer.validation !== undefined;
  // Which part is drawn how; then, on a line of its own, where the example is among them.
  const running = compared && store.mode.value === 'train' ? ` ${text.byRunning}` : '';
  const note = [
    ...(data ? [] : [text.howLikelyOfSamples]),
    ...(answer.train ? [text.howLikelyLine] : []),
    ...(answer.validation ? [text.howLikelyFill(splitName(model, 'validation'))] : []),
    ...(name ? [text.comparedWith(name) + running] : []),
  ].join(', ');
  const shares = [
    { name: splitName(model, 'validation'), share: shareBelow(answer.validation, own) },
    { name: 'train', share: shareBelow(answer.train, own) },
    ...(data ? [] : [{ name: text.theSamples, share: shareBelow(answer.samples, own) }]),
    ...(name ? [{ name, share: shareBelow(compared.scores, own) }] : []),
  ].flatMap(({ name: of, share }) => (share === undefined ? [] : [{ name: of, share }]));
  const sentence = shares.length > 0 ? text.lessLikelyThan(shares) : undefined;
  return (
    <ChartBox
      {...{ model, note: <span title={note}>{note}</span> }}
      name="how-likely"
      title={text.howLikely}
      numbers={() => distributionNumbers(store)}
      fileName="distribution"
    >
      {compared?.status === 'scoring' ? (
        <Scoring population={compared} />
      ) : (
        <p class="tick rank" data-rank title={sentence}>
          {compared?.status === 'failed' ? (
            <span class="bad" title={compared.message}>
              {words.notScored(compared.name)}
            </span>
          ) : (
            sentence
          )}
        </p>
      )}
      <Distribution
        values={answer.validation ?? (data ? undefined : answer.samples)}
        outline={answer.train}
        dashed={compared?.scores}
        marked={own === undefined ? undefined : { value: own, text: words.this }}
        unit={text.howLikelyAxis(answer.unit)}
        label={[
          `${text.howLikely}: ${own === undefined ? '' : `log p(x) ${fixed(-own, 2)}`} ${answer.unit}`,
          ...(sentence ? [sentence] : []),
        ].join('. ')}
        negated
        nothing={words.noValues}
      />
    </ChartBox>
  );
}
