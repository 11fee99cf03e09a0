/** A chart draws at the size it gets, so that its text stays 11 px. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useResized } from './resized';

export function Sized({
  height,
  children,
}: {
  /** px, or what it is at a width. */
  height?: number | ((width: number) => number);
  children(width: number, height: number): ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<{ width: number; height: number }>();
  useResized(
    () => box.current,
    (element) => {
      const width = Math.floor(element.clientWidth);
      const tall = typeof height === 'function' ? height(width) : Math.floor(element.clientHeight);
      setSize((old) => (old?.width === width && old.height === tall ? old : { width, height: tall }));
    },
    [typeof height === 'function' ? height(400) : undefined],
  );
  const fixed = typeof height === 'function' ? height(size?.width ?? 400) : height;
  return (
    <div
      class="sized"
      ref={box}
      style={fixed === undefined ? undefined : { height: `${fixed}px`, flex: 'none' }}
    >
      {size && size.width > 40 && size.height > 40 ? children(size.width, size.height) : null}
    </div>
  );
}
