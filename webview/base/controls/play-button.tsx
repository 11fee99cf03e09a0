import { words } from '../words';

export interface PlayButtonProps {
  playing: boolean;
  /** What it does while nothing plays. */
  label: string;
  onClick(): void;
}

/** Starts and pauses what plays by itself. */
export function PlayButton({ playing, label, onClick }: PlayButtonProps) {
  const name = playing ? words.pause : label;
  return (
    <button type="button" class="play" aria-label={name} title={name} onClick={onClick}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <path d={playing ? 'M2 1h3v10H2zM7 1h3v10H7z' : 'M2 1l9 5-9 5z'} fill="currentColor" />
      </svg>
    </button>
  );
}
