/** The last line of a page that holds a recording: how far its numbers are to be trusted. */
import type { RecordingInfo } from '../../src/protocol/model';
import { chosenLanguage } from '../base/format/numbers';
import type { FlowState, LiveFlow } from '../base/host/page-api';
import { LinkButton } from '../base/controls/toolkit';
import { text } from './live-text';

const clock = new Intl.DateTimeFormat(chosenLanguage, { timeStyle: 'medium' });

/** "step 400, 12:04:31", or the time alone. */
function momentOf({ recordedAt }: RecordingInfo, step: number | undefined): string {
  const time = clock.format(new Date(recordedAt));
  return step === undefined ? time : text.stepAt(step, time);
}

interface LiveStatusProps {
  flow: LiveFlow;
  recording: RecordingInfo;
  step: number | undefined;
}

export function LiveStatus({ flow, recording, step }: LiveStatusProps) {
  const state = flow.state.value;
  const moment = momentOf(recording, step);
  const rest = restOf(state, recording, moment);
  const again = state.kind === 'live' || state.kind === 'changed' || state.kind === 'failed';
  return (
    <div class="live flex-center" data-state={state.kind} role="status">
      <span class="live-dot" aria-hidden="true" />
      <b>{text.names[state.kind]}</b>
      <span class="grow ellipsis muted" title={rest}>
        {rest}
      </span>
      {state.kind === 'waiting' ? <LinkButton onClick={flow.withdraw}>{text.withdraw}</LinkButton> : null}
      {state.kind === 'asleep' ? <LinkButton onClick={flow.wake}>{text.wake}</LinkButton> : null}
      {state.kind === 'costs' ? (
        <>
          <LinkButton onClick={flow.allow}>{text.anyway}</LinkButton>
          <LinkButton onClick={flow.withdraw}>{text.withdraw}</LinkButton>
        </>
      ) : null}
      {again ? (
        <LinkButton onClick={() => void flow.recordAgain().catch(() => {})}>{text.recordAgain}</LinkButton>
      ) : null}
    </div>
  );
}

function restOf(state: FlowState, { examples }: RecordingInfo, moment: string): string {
  switch (state.kind) {
    case 'saved':
      return text.saved(moment);
    case 'asleep':
      return text.asleep(moment);
    case 'live':
      return text.live(examples, moment);
    case 'waiting':
      return text.waiting(Math.max(0, Math.round((performance.now() - state.since) / 1000)), moment);
    case 'changed':
      return text.changed(moment);
    case 'failed':
      return text.failed(state.message);
    case 'costs':
      return text.costs(Math.round(state.seconds));
  }
}
