import { populationState, type Population } from '../store/population-state';
import { LinkButton } from '../controls/toolkit';
import { useFeature } from '../store/use-store';
import { words } from '../words';
import { text } from './text';

/** How far the scoring is, in numbers from the engine, and the way to end it. */
export function Scoring({ population: { done, planned } }: { population: Population }) {
  const { cancel } = useFeature(populationState);
  return (
    <div class="wait-note flex-center" role="status" data-scoring>
      <progress
        max={planned || 1}
        value={planned ? done : undefined}
        aria-label={text.scoring(done, planned)}
      />
      <span class="tick">{text.scoring(done, planned)}</span>
      <LinkButton onClick={() => cancel()}>{words.cancel}</LinkButton>
    </div>
  );
}
