/**
 * A key within an open menu, its button included: arrows, Home and End move along its items, Escape and Tab close it and
 * go back to the button, from where Tab goes on.
 */
export function menuKeys(event: KeyboardEvent, close: () => void): void {
  event.stopPropagation();
  const menu = event.currentTarget as HTMLElement;
  const items = [...menu.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (event.key === 'Escape' || event.key === 'Tab') {
    close();
    menu.querySelector<HTMLElement>('vscode-button, button')?.focus();
    if (event.key === 'Tab') return;
  } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
  else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length]?.focus();
  else if (event.key === 'Home') items[0]?.focus();
  else if (event.key === 'End') items.at(-1)?.focus();
  else return;
  event.preventDefault();
}
