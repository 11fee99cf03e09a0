/** Note about a recording: what it is, what it holds, and what cannot be asked of it. */
import type { RecordingInfo } from '../../src/protocol/model';
import { text } from './text';

export function RecordingNote({ recording, title }: { recording: RecordingInfo; title: string }) {
  const { notes } = recording;
  return (
    <section class="origin" aria-label={text.recording}>
      <p title={[text.recordingHint, text.recordingHolds, ...notes].join('\n')}>
        {text.recorded(title, recording)} {text.recordingHint} {text.recordingHolds}
        {notes.length > 0 ? <span class="muted">{` ${notes.join('; ')}.`}</span> : null}
      </p>
    </section>
  );
}
