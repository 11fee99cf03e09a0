/** Keeps the page as it is while a button is pressed, so that what is under the pointer is still there when it is let go. */
import { options } from 'preact';

/** A press that lasts longer is not a click, or its end was never seen; in ms. */
const longest = 1000;

const buttons =
  'button, vscode-button, vscode-option, summary, a[href], [role=tab], [role=menuitem], [role=option]';

/** Renders that come during a press are done after its click. Called once by each page, before it renders. */
export function holdWhilePressed(): void {
  const soon = options.debounceRendering ?? ((render: () => void) => void Promise.resolve().then(render));
  let pressed = false;
  let held: (() => void) | undefined;
  let timer = 0;

  options.debounceRendering = (render) => {
    if (pressed) held = render;
    else soon(render);
  };

  const release = (): void => {
    clearTimeout(timer);
    pressed = false;
    const render = held;
    held = undefined;
    render?.();
  };
  const press = ({ target }: Event): void => {
    if (!(target instanceof Element) || !target.closest(buttons)) return;
    pressed = true;
    clearTimeout(timer);
    timer = window.setTimeout(release, longest);
  };
  // The click comes right after the pointer or the key is let go; where there is none, a moment later.
  const afterClick = (): void => {
    if (pressed) window.setTimeout(release);
  };

  addEventListener('pointerdown', press, true);
  addEventListener('click', () => pressed && release());
  for (const end of ['pointerup', 'pointercancel']) addEventListener(end, afterClick, true);
  // Blur of the window only: a press takes the focus from another element, which does not end it.
  addEventListener('blur', afterClick);
  addEventListener('keydown', (event) => event.key === ' ' && press(event), true);
  addEventListener('keyup', (event) => event.key === ' ' && afterClick(), true);
}
