import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useResized } from './resized';

export interface Room {
  /** CSS pixels inside of its padding. */
  width: number;
  height: number;
}

/** How large the panel around an element is, so that what is in it can be drawn as large as fits. */
export function usePanelRoom(): { within: RefObject<HTMLDivElement | null>; room: Room | undefined } {
  const within = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Room>();
  useResized(
    () => within.current?.closest<HTMLElement>('.panel'),
    (panel) => {
      const style = getComputedStyle(panel);
      const width = Math.floor(
        panel.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
      );
      const height = Math.floor(
        panel.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
      );
      // A hidden panel keeps what it had.
      if (width > 0)
        setRoom((old) => (old?.width === width && old.height === height ? old : { width, height }));
    },
  );
  return { within, room };
}
