/** What a page draws, for functions that look into it. */
export interface Drawn {
  shown(element: Element): boolean;
  /** Texts that are shown, with their boxes line by line. */
  texts(): { element: HTMLElement; said: string; boxes: DOMRect[] }[];
}

/** Runs in the page before anything else of it, so it is whole in itself. */
export function provideDrawn(): void {
  const shown = (element: Element): boolean =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !element.closest('.sr') &&
    getComputedStyle(element).clipPath !== 'inset(50%)';
  const texts: Drawn['texts'] = () => {
    const found: ReturnType<Drawn['texts']> = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!;
      const said = node.textContent ?? '';
      if (!said.trim() || element.closest('script, style, option, vscode-option') || !shown(element))
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      found.push({ element, said, boxes: [...range.getClientRects()] });
    }
    return found;
  };
  (window as unknown as { drawn: Drawn }).drawn = { shown, texts };
}
