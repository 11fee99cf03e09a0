import { useLayoutEffect } from 'preact/hooks';

/** Measures an element before it is painted, and whenever its size changes. @param find the element, once it is there */
export function useResized(
  find: () => HTMLElement | null | undefined,
  measure: (element: HTMLElement) => void,
  inputs: readonly unknown[] = [],
): void {
  useLayoutEffect(() => {
    const element = find();
    if (!element) return;
    measure(element);
    const observer = new ResizeObserver(() => measure(element));
    observer.observe(element);
    return () => observer.disconnect();
  }, [...inputs]);
}
